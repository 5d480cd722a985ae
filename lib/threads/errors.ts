/**
 * What goes wrong with threads.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";

/** Threads could not be started, were used wrongly, or met a problem. The `code` says which. */
export class ThreadError extends RingwayError {
  /** @internal */
  constructor(code: ThreadErrorCode, operation: string, message: string, cause?: unknown) {
    super(message, { code, source: "internal", operation, cause });
  }
}

/**
 * - `ERR_THREAD_OPTION`: an option or an argument that can't be meant
 * - `ERR_THREAD_MODULE`: the module is not named by a URL, can't be imported, or has no function as its default export
 * - `ERR_THREAD_START`: the module's function threw, or the thread ended before it was ready
 * - `ERR_THREAD_TIMEOUT`: a thread was not ready, or not stopped, in time
 * - `ERR_THREAD_MESSAGE`: a message, or the data to start with, can't be given to another thread
 * - `ERR_THREAD_STOPPED`: the threads were stopped before
 * - `ERR_THREAD_CRASH`: a thread ended by an error, and its connections with it
 * - `ERR_THREAD_HANDLER`: a function of the module threw, which ended nothing but a connection at most
 * - `ERR_THREAD_REJECTION`: a promise was rejected in a thread that nobody waited for
 */
export type ThreadErrorCode =
  | "ERR_THREAD_OPTION"
  | "ERR_THREAD_MODULE"
  | "ERR_THREAD_START"
  | "ERR_THREAD_TIMEOUT"
  | "ERR_THREAD_MESSAGE"
  | "ERR_THREAD_STOPPED"
  | "ERR_THREAD_CRASH"
  | "ERR_THREAD_HANDLER"
  | "ERR_THREAD_REJECTION";
