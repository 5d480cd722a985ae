/**
 * Errors of sockets.
 *
 * @module
 */
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, EPERM } from "../../ffi/abi.ts";
import { type ErrorSource, RingwayError } from "../../ffi/errors.ts";
import { errnoName } from "../ring/errors.ts";

/** An operation on a socket failed. Its `code` is the errno's name, such as `"ECONNREFUSED"`. */
export class SocketError extends RingwayError {
  /** The errno as a positive number. */
  readonly errno: number;

  /** Make an error for an errno (of either sign) met in an operation on an address. */
  constructor(errno: number, operation: string, address = "", source: ErrorSource = "internal", cause?: unknown) {
    const name = errnoName(errno);
    super(`Cannot ${operation}${address === "" ? "" : ` ${address}`}: ${describe(name, Math.abs(errno), operation)}`, {
      code: name,
      source,
      operation,
      cause,
    });
    this.errno = Math.abs(errno);
  }
}

/** What the user can do about it, where we know. */
function describe(name: string, errno: number, operation: string): string {
  switch (errno) {
    case EADDRINUSE:
      return `the address is in use (${name}); stop the process that has it, or listen on another port`;
    case EADDRNOTAVAIL:
      return `this machine does not have the address (${name})`;
    case EACCES:
    case EPERM:
      return operation === "listen on"
        ? `no permission (${name}); ports below 1024 need root or CAP_NET_BIND_SERVICE`
        : `no permission (${name})`;
    case EMFILE:
    case ENFILE:
      return `too many open files (${name}); raise the limit, \`ulimit -n\``;
    default:
      return name;
  }
}
