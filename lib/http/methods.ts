/**
 * Request methods as numbers (RFC 9110 section 9.3, RFC 5789 for PATCH).
 *
 * @module
 */
import { asciiBytes } from "./characters.ts";

/** A method that has no number of its own. */
export const METHOD_OTHER = 0;
/** GET */
export const METHOD_GET = 1;
/** HEAD */
export const METHOD_HEAD = 2;
/** POST */
export const METHOD_POST = 3;
/** PUT */
export const METHOD_PUT = 4;
/** DELETE */
export const METHOD_DELETE = 5;
/** CONNECT */
export const METHOD_CONNECT = 6;
/** OPTIONS */
export const METHOD_OPTIONS = 7;
/** TRACE */
export const METHOD_TRACE = 8;
/** PATCH */
export const METHOD_PATCH = 9;

/** In the order of their numbers. */
const NAMES: readonly string[] = ["", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const NAME_BYTES: readonly Uint8Array[] = NAMES.map(asciiBytes);

/**
 * May a request be sent again when it is not known whether it was executed (RFC 9110 section 9.2.2)? Of a method
 * that we do not know nothing is known.
 */
export function isIdempotent(method: number): boolean {
  return method !== METHOD_OTHER && method !== METHOD_POST && method !== METHOD_PATCH && method !== METHOD_CONNECT;
}

/** The name of a method, or an empty text for METHOD_OTHER. */
export function methodName(method: number): string {
  return NAMES[method] ?? "";
}

/** The number of the method with that name. Methods are case-sensitive (RFC 9110 section 9.1). */
export function methodOf(memory: Uint8Array, start: number, end: number): number {
  for (let method = METHOD_GET; method <= METHOD_PATCH; method++) {
    const name = NAME_BYTES[method] as Uint8Array;
    if (name.length === end - start && startsWith(memory, start, name)) return method;
  }
  return METHOD_OTHER;
}

function startsWith(memory: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) if (memory[start + index] !== name[index]) return false;
  return true;
}
