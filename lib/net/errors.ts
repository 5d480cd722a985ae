/**
 * Errors of sockets.
 *
 * @module
 */
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOENT, EPERM } from "../../ffi/abi.ts";
import { type ErrorSource, RingwayError } from "../../ffi/errors.ts";
import { errnoName } from "../ring/errors.ts";

/** An operation on a socket failed. Its `code` is the errno's name, such as `"ECONNREFUSED"`. */
export class SocketError extends RingwayError {
  /** The errno as a positive number. */
  readonly errno: number;

  /** Make an error for an errno (of either sign) met in an operation on an address. */
  constructor(errno: number, operation: string, address = "", source: ErrorSource = "internal", cause?: unknown) {
    const name = errnoName(errno);
    const why = (operation === "listen on" && describeListen(name, Math.abs(errno), address)) || describe(name, errno);
    super(`Cannot ${operation}${address === "" ? "" : ` ${address}`}: ${why}`, {
      code: name,
      source,
      operation,
      cause,
    });
    this.errno = Math.abs(errno);
  }
}

/** What the user can do about it, where that is about listening. */
function describeListen(name: string, errno: number, address: string): string | null {
  const path = address.startsWith("unix:") ? address.slice("unix:".length) : null;
  switch (errno) {
    case EADDRINUSE:
      return `the address is in use (${name}); stop the process that has it, or listen on another ${
        path === null ? "port" : "path"
      }`;
    case EACCES:
    case EPERM:
      return path === null
        ? `no permission (${name}); ports below 1024 need root or CAP_NET_BIND_SERVICE`
        : `no permission (${name}) to make a file in the directory "${directoryOf(path)}"`;
    case ENOENT:
      return path === null
        ? null
        : `there is no directory "${directoryOf(path)}" (${name}); make it, or choose another path`;
    default:
      return null;
  }
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end) || "/";
}

/** What the user can do about it, where we know. */
function describe(name: string, errno: number): string {
  switch (Math.abs(errno)) {
    case EADDRNOTAVAIL:
      return `this machine does not have the address (${name})`;
    case EACCES:
    case EPERM:
      return `no permission (${name})`;
    case EMFILE:
    case ENFILE:
      return `too many open files (${name}); raise the limit, \`ulimit -n\``;
    default:
      return name;
  }
}
