/**
 * Errors on their way to another thread.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";

/** An error as it is posted. */
export interface ThreadFailure {
  readonly message: string;
  readonly code: string;
  /** With the name of the error and where it was thrown. */
  readonly stack: string;
}

/** Make an error one that can be posted. `code` is for those that have none. */
export function threadFailure(error: unknown, code: string): ThreadFailure {
  return {
    message: error instanceof Error ? error.message : String(error),
    code: error instanceof RingwayError ? error.code : code,
    stack: describeError(error),
  };
}

/** The error again, with the original as its cause. */
export function failureError({ message, code, stack }: ThreadFailure): RingwayError {
  const cause = Object.assign(new Error(message), { stack });
  return new RingwayError(message, { code, source: "internal", operation: "start a thread", cause });
}

/** An error with where it was thrown, as text. */
export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
