/**
 * Checks of what operations are given.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import { isDetached } from "../net/detached.ts";
import { argumentError, operationError } from "./errors.ts";

/** Throws unless these are bytes that are there. */
export function checkBytes(operation: string, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw argumentError(operation, "Bytes have to be a Uint8Array");
  if (isDetached(bytes)) throw detachedError(operation);
}

/** Throws unless bytes are still as many as they were when the operation began. */
export function checkLength(operation: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return;
  if (isDetached(bytes)) throw detachedError(operation);
  throw operationError("ERR_BUFFER_RESIZED", operation, "The bytes were resized while an operation was using them");
}

function detachedError(operation: string): RingwayError {
  return operationError(
    "ERR_BUFFER_DETACHED",
    operation,
    "The bytes' memory is detached: it was transferred, to another thread for example. Give a copy away instead",
  );
}

/** Throws unless this is a place in a file for so many bytes. */
export function checkPosition(operation: string, position: number, length: number): void {
  if (Number.isSafeInteger(position) && position >= 0 && Number.isSafeInteger(position + length)) return;
  throw argumentError(operation, `A position has to be a whole number from 0 to 2^53 - 1, not ${position}`);
}
