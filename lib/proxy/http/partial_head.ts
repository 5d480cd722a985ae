/**
 * The bytes of a head that has not arrived whole: the only ones that are copied to be parsed.
 *
 * @module
 */
import type { Lease } from "../../ring/lease.ts";

const INITIAL_BYTES = 1024;

/** Bytes that arrived so far. */
export class PartialHead {
  /** The bytes, and room for more. */
  bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  length = 0;
  readonly #limit: number;

  /** Nothing yet. Never more than `limit` bytes, at which the parser finds the head too long. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Take bytes of a lease, up to the limit. How many. */
  append(lease: Lease): number {
    const count = Math.min(lease.length, this.#limit - this.length);
    const wanted = this.length + count;
    if (wanted > this.bytes.length) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(wanted, 2 * this.bytes.length)));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(lease.memory.subarray(lease.offset, lease.offset + count), this.length);
    this.length = wanted;
    return count;
  }
}
