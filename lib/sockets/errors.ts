/**
 * How sockets are used wrongly.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";

/** A socket or listener was used in a way that can't work. Its `code` says which. */
export class SocketUseError extends RingwayError {
  /** @internal */
  constructor(code: SocketUseCode, operation: string, message: string, cause?: unknown) {
    super(message, { code, source: "internal", operation, cause });
  }
}

/**
 * - `ERR_SOCKET_CLOSED`: `close` or `reset` was called before
 * - `ERR_SOCKET_ENDED`: writing after `end`
 * - `ERR_SOCKET_BUSY`: a second reader, while another one waits
 * - `ERR_SOCKET_ARGUMENT`: an argument that can't be meant
 * - `ERR_SOCKET_FORGOTTEN`: a socket was collected as garbage, open
 * - `ERR_SOCKET_TIMEOUT`: connecting took too long
 * - `ERR_SOCKET_HANDLER`: a handler of the callback form threw; its connection was reset
 */
export type SocketUseCode =
  | "ERR_SOCKET_CLOSED"
  | "ERR_SOCKET_ENDED"
  | "ERR_SOCKET_BUSY"
  | "ERR_SOCKET_ARGUMENT"
  | "ERR_SOCKET_FORGOTTEN"
  | "ERR_SOCKET_TIMEOUT"
  | "ERR_SOCKET_HANDLER";
