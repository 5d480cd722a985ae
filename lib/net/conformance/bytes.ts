/**
 * Bytes whose place in their stream can be told, and random numbers that come again with their seed.
 *
 * @module
 */
import assert from "node:assert/strict";

/** A small generator of random numbers (mulberry32): fast, seeded, and good enough to choose test data. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** From `least` to `most`, small numbers as likely as large ones. */
  size(least: number, most: number): number {
    return Math.round(least * (most / least) ** this.next());
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }
}

/** A prime length, so that no buffer's size divides it and a misplaced buffer shows. */
const TABLE_BYTES = 65521;
const TABLE: Uint8Array = randomTable();

function randomTable(): Uint8Array {
  const random = new Random(1);
  return Uint8Array.from({ length: TABLE_BYTES }, () => random.below(256));
}

/** An endless stream of bytes: one side takes from it and sends, the other checks what arrives. */
export class ByteStream {
  /** Bytes taken or checked so far. */
  position = 0;
  readonly #start: number;

  /** Streams of different seeds differ. */
  constructor(seed: number) {
    this.#start = (seed * 7919) % TABLE_BYTES;
  }

  /** The next bytes. */
  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const from = (this.#start + this.position + filled) % TABLE_BYTES;
      const part = TABLE.subarray(from, Math.min(TABLE_BYTES, from + length - filled));
      bytes.set(part, filled);
      filled += part.length;
    }
    this.position += length;
    return bytes;
  }

  /** Are these the next bytes? */
  check(bytes: Uint8Array): void {
    let checked = 0;
    while (checked < bytes.length) {
      const from = (this.#start + this.position) % TABLE_BYTES;
      const length = Math.min(TABLE_BYTES - from, bytes.length - checked);
      const difference = firstDifference(bytes, checked, TABLE, from, length);
      if (difference >= 0) assert.fail(`byte ${this.position + difference} of the stream is wrong`);
      checked += length;
      this.position += length;
    }
  }
}

function firstDifference(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): number {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return i;
  return -1;
}

/** The UTF-8 bytes of a text. */
export function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters);
}
