/**
 * Reads addresses as users write them.
 *
 * @module
 */

import { RingwayError } from "../../ffi/errors.ts";
import type { UnixAddress } from "./address.ts";
import { isIP } from "./ip_version.ts";

/** A host that may be a name, and a port. */
export interface HostPort {
  /** Always `"name"`. */
  readonly family: "name";
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** Where to listen or connect to, before names are resolved. */
export type AddressTarget = HostPort | UnixAddress;

/** A service whose servers, with their ports and weights, are in SRV records of DNS (RFC 2782). */
export interface SrvName {
  /** Always `"srv"`. */
  readonly family: "srv";
  /** The records' name, such as `_http._tcp.example.com`. */
  readonly name: string;
}

/** Where to connect to, before names are resolved. */
export type Target = AddressTarget | SrvName;

/** What is relayed: the bytes of connections, or HTTP requests. */
export type Protocol = "tcp" | "http";

/** Text that is not an address. */
export class TargetError extends RingwayError {
  /** Make an error that says what was found and what is allowed. */
  constructor(message: string) {
    super(message, { code: "ERR_TARGET", source: "internal", operation: "read an address" });
  }
}

/** The longest name of DNS as text (RFC 1035, section 2.3.4), without a final dot. */
const DNS_NAME_CHARACTERS = 253;
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?$/i;

const SRV_PREFIX = "srv:";

/** `srv:80` is the port of a host of that name. */
function isSrv(text: string): boolean {
  return /^srv:(?!\d+$)/.test(text);
}

/** `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`. Throws a {@linkcode TargetError}. */
export function parseTarget(text: string): AddressTarget {
  if (text.startsWith("unix:")) return unixTarget(text);
  if (isSrv(text)) {
    throw new TargetError(`"${text}": only an endpoint of a cluster can be named by SRV records, here it is HOST:PORT`);
  }
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text);
  if (match === null) throw new TargetError(`"${text}" is not an address: ${hint(text)}`);
  const [, bracketed, plain = "", portText = ""] = match;
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : -1;
  if (port < 0 || port > 65535) throw new TargetError(`"${text}" has no valid port: it is a number from 0 to 65535`);
  if (bracketed !== undefined) {
    if (isIP(bracketed) !== 6)
      throw new TargetError(`"${text}": only an IPv6 address stands in brackets, such as [::1]`);
    return { family: "name", host: bracketed, port };
  }
  if (isIP(plain) !== 4 && !HOST_NAME.test(plain)) {
    throw new TargetError(`"${text}" has no valid host: it is a name, an IPv4 address or an IPv6 address in brackets`);
  }
  if (/^[\d.]+$/.test(plain) && isIP(plain) !== 4)
    throw new TargetError(`"${text}": "${plain}" is not an IPv4 address`);
  return { family: "name", host: plain, port };
}

/** An endpoint of a cluster: what {@linkcode parseTarget} reads, or `srv:NAME`. Throws a {@linkcode TargetError}. */
export function parseEndpoint(text: string): Target {
  if (isSrv(text)) return srvTarget(text);
  const target = parseTarget(text);
  if (target.family === "name" && target.port === 0) throw new TargetError(`"${text}": port 0 cannot be connected to`);
  return target;
}

function srvTarget(text: string): Target {
  const name = text.slice(SRV_PREFIX.length);
  if (/:\d*$/.test(name)) {
    throw new TargetError(`"${text}": SRV records say the ports: write ${SRV_PREFIX}${name.replace(/:\d*$/, "")}`);
  }
  if (name.length > DNS_NAME_CHARACTERS || isIP(name) !== 0 || !HOST_NAME.test(name)) {
    throw new TargetError(`"${text}" names no SRV records: it is srv:NAME, such as srv:_http._tcp.example.com`);
  }
  return { family: "srv", name };
}

function unixTarget(text: string): AddressTarget {
  const path = text.slice("unix:".length);
  const bytes = new TextEncoder().encode(path).length;
  if (bytes === 0 || bytes > 107) throw new TargetError(`"${text}": the path of a unix socket has 1 to 107 bytes`);
  return { family: "unix", path };
}

function hint(text: string): string {
  if (isIP(text) === 6) return `an IPv6 address stands in brackets, such as [${text}]:80`;
  if (isIP(text) === 4 || HOST_NAME.test(text)) return `the port is missing, such as ${text}:80`;
  return "it is HOST:PORT, [IPV6]:PORT or unix:PATH";
}

/** An endpoint, and what is spoken with it. */
export interface Upstream {
  /** What is spoken. */
  readonly protocol: Protocol;
  /** Where. */
  readonly target: Target;
}

/** The port of `http://HOST`. */
const HTTP_PORT = 80;

/**
 * An endpoint: `tcp://HOST:PORT`, `http://HOST[:PORT]`, `unix:PATH` for TCP, `tcp://srv:NAME` or `http://srv:NAME`.
 * Throws a {@linkcode TargetError}.
 */
export function parseUpstream(text: string): Upstream {
  if (text.startsWith("unix:")) return { protocol: "tcp", target: unixTarget(text) };
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text);
  if (match === null && isSrv(text)) {
    throw new TargetError(`"${text}" does not say what is relayed: write http://${text} or tcp://${text}`);
  }
  if (match === null) {
    const rest = /^[^/]+:\d+$/.test(text) ? `tcp://${text} or http://${text}` : "tcp://HOST:PORT, http://HOST:PORT";
    throw new TargetError(`"${text}" has no scheme: write ${rest} or unix:PATH`);
  }
  const [, scheme = "", rest = ""] = match;
  const protocol = scheme.toLowerCase();
  if (protocol !== "tcp" && protocol !== "http")
    throw new TargetError(`"${text}": the scheme "${scheme}" is unknown: tcp and http are known`);
  const authority = rest.replace(/\/$/, "");
  if (/[/?#]/.test(authority))
    throw new TargetError(
      `"${text}": an endpoint has no path: write ${protocol}://${authority.replace(/[/?#].*$/, "")}`,
    );
  if (isSrv(authority)) return { protocol, target: srvTarget(authority) };
  const hasPort = /:\d*$/.test(authority) && !/^\[[^\]]*$/.test(authority);
  const target = parseTarget(protocol === "http" && !hasPort ? `${authority}:${HTTP_PORT}` : authority);
  if (target.family === "name" && target.port === 0) throw new TargetError(`"${text}": port 0 cannot be connected to`);
  return { protocol, target };
}

/** The text that {@linkcode parseEndpoint} reads. */
export function formatTarget(target: Target): string {
  if (target.family === "srv") return `${SRV_PREFIX}${target.name}`;
  if (target.family === "unix") return `unix:${target.path}`;
  return isIP(target.host) === 6 ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}
