/**
 * What can be given to another thread, and what can't.
 *
 * @module
 */
import { Socket } from "../sockets/socket.ts";
import { SocketListener } from "../sockets/socket_listener.ts";
import { ThreadError } from "./errors.ts";

/** Methods that tell sockets, drivers, listeners and connections, whatever driver they are of. */
const OWN_METHODS = ["listenWith", "startTimer", "acceptSingly", "writeBytes"] as const;

/**
 * Refuse sockets and the like as a value, or right within it: each belongs to the thread that opened it. Copying one
 * would give an object without methods. Throws a {@linkcode ThreadError}.
 */
export function assertPostable(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!isOwned(value) && !Object.values(value).some(isOwned)) return;
  throw notPostable(what, "a socket, listener or driver belongs to the thread that opened it");
}

function isOwned(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Socket || value instanceof SocketListener) return true;
  const methods = value as Readonly<Record<string, unknown>>;
  return OWN_METHODS.some((name) => typeof methods[name] === "function");
}

/** What to throw in the place of what `postMessage` threw. */
export function cloneError(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "DataCloneError") return error;
  return notPostable(what, error.message, error);
}

function notPostable(what: string, reason: string, cause?: unknown): ThreadError {
  const message =
    `${what} can't be given to another thread (${reason}): it is copied there, which functions and sockets can't be; ` +
    "give it data from which it makes its own";
  return new ThreadError("ERR_THREAD_MESSAGE", "post a message", message, cause);
}
