/**
 * From the errors of `node:net` to errnos.
 *
 * @module
 */
import { EACCES, ECONNREFUSED, ECONNRESET, EIO, EMFILE, ENFILE, ENOTCONN } from "../../../ffi/abi.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { errnoByName } from "../../ring/errors.ts";

/** The errno of an error, as a positive number; EIO for one that names none. */
export function errnoOf(error: unknown): number {
  if (runtime.isPermissionError(error)) return EACCES;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  const named = typeof code === "string" ? errnoByName(code) : undefined;
  if (named !== undefined) return named;
  // Its sign differs between the runtimes.
  return typeof errno === "number" && errno !== 0 ? Math.abs(errno) : EIO;
}

/** The errno with which connecting has failed. */
export function connectErrnoOf(error: unknown): number {
  const errno = errnoOf(error);
  if (errno !== ECONNREFUSED) return errno;
  // Bun 1.4 calls it so, too, when there is no descriptor for the socket.
  const own = runtime.tryDescriptor();
  return own === EMFILE || own === ENFILE ? own : errno;
}

/** The errno with which a connection that was there has ended. */
export function connectionErrnoOf(error: unknown): number {
  const errno = errnoOf(error);
  // What shutdown(2) says of a connection that was reset just before.
  return errno === ENOTCONN ? ECONNRESET : errno;
}
