/**
 * The protocol version in a start line (RFC 9112 section 2.3).
 *
 * @module
 */
import { asciiBytes, DIGIT_0, DIGIT_9 } from "./characters.ts";

/** `HTTP/`, a digit, a point, a digit; letters as they are written, as the name is case-sensitive. */
const PATTERN = asciiBytes("HTTP/0.0");
const DIGIT = DIGIT_0;
/** The length of a version. */
export const VERSION_BYTES: number = PATTERN.length;
const MAJOR = 5;
const MINOR = 7;

/**
 * The first position from `position` on where there is no version: it is either complete there, or malformed, or
 * there are no more bytes.
 */
export function scanVersion(memory: Uint8Array, versionStart: number, position: number, stop: number): number {
  const versionStop = Math.min(stop, versionStart + VERSION_BYTES);
  let next = position;
  while (next < versionStop) {
    const byte = memory[next] as number;
    const expected = PATTERN[next - versionStart] as number;
    if (expected === DIGIT ? byte < DIGIT_0 || byte > DIGIT_9 : byte !== expected) break;
    next++;
  }
  return next;
}

/** 1 or 0 for the versions 1.1 and 1.0, or -1 for others. */
export function minorVersionOf(memory: Uint8Array, versionStart: number): number {
  if (memory[versionStart + MAJOR] !== DIGIT_0 + 1) return -1;
  const minor = (memory[versionStart + MINOR] as number) - DIGIT_0;
  return minor <= 1 ? minor : -1;
}
