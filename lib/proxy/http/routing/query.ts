/**
 * The parameters of a query, as HTML forms write them (https://url.spec.whatwg.org/#urlencoded-parsing).
 *
 * @module
 */
import { EQUALS, PERCENT, SPACE } from "../../../http/characters.ts";
import type { Head } from "../../../http/head.ts";
import { decodedByte } from "./dot_segments.ts";

const AMPERSAND = 0x26;
const PLUS = 0x2b;
const SCRATCH_BYTES = 256;

/**
 * Finds parameters by name. Names and values are compared after percent-decoding, with `+` as a space; a `%` without two
 * digits stands for itself. One object is used for many requests; a value is there until the next `find`.
 */
export class QueryView {
  /** Where the value of the parameter is that was found. */
  memory: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  #scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);

  /**
   * Find the first parameter of that name from the position `from` on, 0 at first. Returns the position behind it, or
   * -1 if there is none.
   */
  find(head: Head, memory: Uint8Array, base: number, name: Uint8Array, from: number): number {
    if (head.queryStart < 0) return -1;
    const queryEnd = base + head.pathEnd;
    let start = base + Math.max(from, head.queryStart + 1);
    while (start < queryEnd) {
      let end = start;
      let equals = -1;
      for (; end < queryEnd && memory[end] !== AMPERSAND; end++) {
        if (equals < 0 && memory[end] === EQUALS) equals = end;
      }
      // Nothing at all between two `&` is no parameter.
      if (start < end && this.#isName(memory, start, equals < 0 ? end : equals, name)) {
        this.#read(memory, equals < 0 ? end : equals + 1, end);
        return end + 1 - base;
      }
      start = end + 1;
    }
    return -1;
  }

  #isName(memory: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
    // Decoding makes nothing longer.
    if (end - start < name.length) return false;
    let at = start;
    for (let index = 0; index < name.length; index++) {
      if (at >= end || queryByte(memory, at, end) !== name[index]) return false;
      at += queryByteLength(memory, at, end);
    }
    return at === end;
  }

  #read(memory: Uint8Array, start: number, end: number): void {
    this.memory = memory;
    this.start = start;
    this.end = end;
    let at = start;
    while (at < end && memory[at] !== PERCENT && memory[at] !== PLUS) at++;
    if (at === end) return;
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array(2 * (end - start));
    let length = 0;
    for (at = start; at < end; at += queryByteLength(memory, at, end)) {
      this.#scratch[length++] = queryByte(memory, at, end);
    }
    this.memory = this.#scratch;
    this.start = 0;
    this.end = length;
  }
}

function queryByte(memory: Uint8Array, at: number, end: number): number {
  const byte = memory[at] as number;
  if (byte === PLUS) return SPACE;
  const decoded = byte === PERCENT ? decodedByte(memory, at, end) : -1;
  return decoded < 0 ? byte : decoded;
}

function queryByteLength(memory: Uint8Array, at: number, end: number): number {
  return memory[at] === PERCENT && decodedByte(memory, at, end) >= 0 ? 3 : 1;
}
