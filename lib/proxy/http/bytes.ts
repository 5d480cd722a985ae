/**
 * Writing heads: bytes into memory, one piece after the other.
 *
 * @module
 */

/** Below this many bytes a loop is faster than the engine's own copy. */
const LOOP_BYTES = 32;

/** Copy a piece of memory to `at`; returns where it ends. */
export function copy(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < LOOP_BYTES) {
    for (let index = 0; index < length; index++) target[at + index] = source[start + index] as number;
  } else if (source === target) {
    target.copyWithin(at, start, end);
  } else {
    target.set(source.subarray(start, end), at);
  }
  return at + length;
}

/** Copy all of some bytes to `at`; returns where they end. */
export function put(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length < LOOP_BYTES) for (let index = 0; index < length; index++) target[at + index] = bytes[index] as number;
  else target.set(bytes, at);
  return at + length;
}

const encoder = new TextEncoder();

/** The bytes of a text, for constants and for what is made once. */
export function ascii(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Write a number in decimal; returns where it ends. */
export function putDecimal(target: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let index = at + digits - 1; index >= at; index--) {
    target[index] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

const HEX: Uint8Array = ascii("0123456789abcdef");

/** Write 32 bits as eight hexadecimal digits; returns where they end. */
export function putHex32(target: Uint8Array, at: number, value: number): number {
  for (let digit = 0; digit < 8; digit++) target[at + digit] = HEX[(value >>> (28 - 4 * digit)) & 15] as number;
  return at + 8;
}

/** Write the size of a chunk in hexadecimal; returns where it ends. */
export function putHex(target: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 16; rest >>>= 4) digits++;
  for (let digit = 0; digit < digits; digit++) {
    target[at + digit] = HEX[(value >>> (4 * (digits - 1 - digit))) & 15] as number;
  }
  return at + digits;
}
