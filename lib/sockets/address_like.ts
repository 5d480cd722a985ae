/**
 * Addresses as callers give them: as text or as data.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { ipAddress, type SocketAddress } from "../net/address.ts";
import { SocketError } from "../net/errors.ts";
import { isIP } from "../net/ip_version.ts";
import { type HostPort, parseTarget } from "../net/target.ts";
import { SocketUseError } from "./errors.ts";

/**
 * Where to listen or to connect to: `127.0.0.1:80`, `[::1]:80`, `localhost:80`, `:80` (all addresses of this machine),
 * `unix:/path`, `unix:@abstract`, or an address as data.
 */
export type AddressLike = string | SocketAddress;

/** EAI_* errors of getaddrinfo have no errno; this is what the kernel says of a host that can't be reached. */
const EHOSTUNREACH = 113;

/** An address, if no name has to be resolved. Throws a `TargetError` or a {@linkcode SocketUseError}. */
export function toAddress(address: AddressLike, operation: string): SocketAddress {
  const target = toTarget(address, operation);
  if (target.family !== "name") return target;
  if (isIP(target.host) !== 0) return ipAddress(target.host, target.port);
  const name = `${target.host}:${target.port}`;
  const message = `Cannot ${operation} "${name}": give an IP address, as names are not resolved here`;
  throw new SocketUseError("ERR_SOCKET_ARGUMENT", operation, message);
}

/** All addresses, with names resolved by the system, in the order in which to try them. */
export async function resolveAddress(address: AddressLike, operation: string): Promise<SocketAddress[]> {
  const target = toTarget(address, operation);
  if (target.family !== "name") return [target];
  const { host, port } = target;
  if (isIP(host) !== 0) return [ipAddress(host, port)];
  try {
    return (await lookup(host, { all: true })).map((found) => ipAddress(found.address, port));
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new SocketError(EHOSTUNREACH, operation, `${host}:${port} (the name can't be resolved)`, "upstream", cause);
  }
}

function toTarget(address: AddressLike, operation: string): HostPort | SocketAddress {
  if (typeof address === "string") {
    if (!address.startsWith(":")) return parseTarget(address);
    return parseTarget(operation === "listen" ? `[::]${address}` : `localhost${address}`);
  }
  if (address.family === "unix") return address;
  return ipAddress(address.host, address.port);
}
