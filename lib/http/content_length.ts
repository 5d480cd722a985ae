/**
 * The value of a Content-Length field (RFC 9110 section 8.6).
 *
 * @module
 */
import { DIGIT_0, DIGIT_9 } from "./characters.ts";

/** The value is no decimal number. */
export const LENGTH_MALFORMED = -1;
/** The value is more than 2^53 - 1. */
export const LENGTH_OVERFLOW = -2;

/**
 * The number, or one of the two above. Digits only: what other parsers take for a number as well (a sign, `0x`, a
 * list of equal numbers) is how requests are smuggled. Zeros may come first, as the grammar allows them.
 */
export function contentLengthOf(memory: Uint8Array, start: number, end: number): number {
  if (start === end) return LENGTH_MALFORMED;
  let length = 0;
  let isTooLarge = false;
  for (let position = start; position < end; position++) {
    const byte = memory[position] as number;
    if (byte < DIGIT_0 || byte > DIGIT_9) return LENGTH_MALFORMED;
    // Up to here it is at most 2^53 - 1, so that ten times that is inexact, but still far above it.
    length = length * 10 + (byte - DIGIT_0);
    if (length > Number.MAX_SAFE_INTEGER) {
      isTooLarge = true;
      length = 0;
    }
  }
  return isTooLarge ? LENGTH_OVERFLOW : length;
}
