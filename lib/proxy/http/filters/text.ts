/**
 * Bytes of a head as text, one character for each byte (ISO-8859-1, RFC 9110 section 5.5), and back.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The bytes from `start` to `end` as text. */
export function textOf(memory: Uint8Array, start: number, end: number): string {
  return Buffer.from(memory.buffer, memory.byteOffset + start, end - start).toString("latin1");
}

/** The bytes of such a text. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
