/**
 * Bytes in their order, whatever pieces they came in.
 *
 * @module
 */

/** Bytes that arrived and were not read yet. */
export class ByteQueue {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** How many bytes are queued. */
  get length(): number {
    return this.#length;
  }

  /** Put bytes at the end. They must not change any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Take `count` bytes (0 to `length`) from the front, as a copy. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(count);
    for (let filled = 0; filled < count; ) {
      const piece = this.#pieces[0] as Uint8Array;
      const part = piece.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#length -= count;
    return taken;
  }

  /** Drop everything. */
  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }
}
