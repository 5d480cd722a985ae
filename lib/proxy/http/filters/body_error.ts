/**
 * Why a body can't be read as a whole.
 *
 * @module
 */
import { RingwayError } from "../../../../ffi/errors.ts";

/** It is longer than whoever reads it allows. */
export const BODY_TOO_LARGE = "ERR_BODY_TOO_LARGE";

/** An error for who reads a body. `code`: {@linkcode BODY_TOO_LARGE}, `ERR_BODY_INCOMPLETE` or `ERR_BODY_READ`. */
export function bodyError(why: string, code: string): RingwayError {
  return new RingwayError(`The body cannot be read. ${why}`, { code, source: "downstream", operation: "read a body" });
}

/** For a body that will never be complete. */
export function incompleteBody(): RingwayError {
  return bodyError("The exchange ended before it was complete", "ERR_BODY_INCOMPLETE");
}
