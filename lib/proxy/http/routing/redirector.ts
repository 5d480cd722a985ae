/**
 * Where a redirect sends a client to.
 *
 * With a scheme, a host or a port the location is a whole URL. If only path or query change it is a path, which the client
 * takes relative to its own URL (RFC 9110 section 10.2.2): before a proxy in front of us that ends TLS or maps ports, we
 * would have to guess scheme and port, and guessing wrong sends clients into nowhere.
 *
 * @module
 */
import { BACKSLASH, SLASH } from "../../../http/characters.ts";
import type { Head } from "../../../http/head.ts";
import { hostNameEnd } from "../../../http/host.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { PathView } from "./path.ts";
import { PathChange, RewriteError, withQuery } from "./path_change.ts";
import type { Redirect, RouteMatch } from "./route_options.ts";

const NO_HOST: RewriteError = new RewriteError("The request names no host, and the redirect's URL needs one");
const NO_QUERY: Uint8Array = new Uint8Array(0);
const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const PORT_MAX = 65535;
const decoder = new TextDecoder();

/** What is wrong with a host from a configuration, or null. */
export function checkHost(host: string, allowsPort: boolean): string | null {
  const bytes = ascii(host);
  const nameEnd = hostNameEnd(bytes, 0, bytes.length);
  if (nameEnd < 0) return `"${host}" is no host`;
  return nameEnd === bytes.length || allowsPort ? null : `"${host}" has a port, which is given on its own`;
}

/** A valid redirect, compiled. */
export class Redirector {
  readonly #redirect: Redirect;
  readonly #change: PathChange | null;
  readonly #path: PathView = new PathView();

  /** Throws `ERR_CONFIG` if it is not valid. */
  constructor(redirect: Redirect, match: RouteMatch) {
    const { host, port } = redirect;
    if (host !== undefined) expectNoProblem("redirect.host", checkHost(host, false));
    const isPort = port === undefined || (Number.isInteger(port) && port > 0 && port <= PORT_MAX);
    expectNoProblem("redirect.port", isPort ? null : `${port} is no port`);
    this.#redirect = redirect;
    this.#change = PathChange.from(redirect, match, "redirect");
  }

  /** Does the location depend on the request's path in a way that dot segments matter for? */
  get looksAtPath(): boolean {
    return this.#change?.looksAtPath === true;
  }

  /** The value of the Location field; `isTls` says how the client speaks to us. */
  location(head: Head, memory: Uint8Array, base: number, isTls: boolean): string | RewriteError {
    const { scheme, host, port, stripQuery } = this.#redirect;
    this.#path.read(head, memory, base);
    const path = this.#newPath();
    if (path instanceof RewriteError) return path;
    const hasQuery = head.queryStart >= 0 && !stripQuery;
    const query = hasQuery ? memory.subarray(base + head.queryStart, base + head.pathEnd) : NO_QUERY;
    const target = withQuery(path, query);
    if (scheme === undefined && host === undefined && port === undefined) return pathLocation(target);
    if (host === undefined && !head.hasHost) return NO_HOST;
    return this.#origin(head, memory, base, isTls ? "https" : "http") + decoder.decode(target);
  }

  #newPath(): Uint8Array | RewriteError {
    const { isPresent, memory, start, end } = this.#path;
    if (!isPresent) return Uint8Array.of(SLASH);
    return this.#change === null ? memory.subarray(start, end) : this.#change.apply(this.#path);
  }

  #origin(head: Head, memory: Uint8Array, base: number, present: "http" | "https"): string {
    const { scheme = present, host, port } = this.#redirect;
    const name = host ?? decoder.decode(memory.subarray(base + head.hostStart, base + head.hostNameEnd));
    // The request's port is one for the other scheme if the scheme changes.
    const isSamePort = port === undefined && scheme === present && head.hasHost;
    if (isSamePort) return `${scheme}://${name}${portText(head, memory, base)}`;
    return port === undefined || port === DEFAULT_PORTS[scheme] ? `${scheme}://${name}` : `${scheme}://${name}:${port}`;
  }
}

/** The port that the request names, with its colon, or nothing. */
function portText(head: Head, memory: Uint8Array, base: number): string {
  const hasPort = head.hostEnd - head.hostNameEnd > 1;
  return hasPort ? decoder.decode(memory.subarray(base + head.hostNameEnd, base + head.hostEnd)) : "";
}

/** `//evil.example/` would be another host, and for browsers `/\evil.example/` as well. */
function pathLocation(target: Uint8Array): string {
  let start = 0;
  while (target[start + 1] === SLASH || target[start + 1] === BACKSLASH) start++;
  return `/${decoder.decode(target.subarray(start + 1))}`;
}
