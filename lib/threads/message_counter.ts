/**
 * Counts the messages to a thread, in memory that both sides see.
 *
 * @module
 */

/**
 * Counts the messages that were sent to a thread after its first one, in shared memory: the thread's loop, which
 * blocks in the kernel, knows by it that one is on its way.
 */
export class MessageCounter {
  /** The memory, to be shared with the thread. */
  readonly memory: SharedArrayBuffer;
  readonly #sent: Int32Array;

  /** A new counter, or the one in another thread's memory. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#sent = new Int32Array(memory);
  }

  /** One more message is about to be sent. */
  add(): void {
    Atomics.add(this.#sent, 0, 1);
  }

  /** The message that was counted last could not be sent. */
  takeBack(): void {
    Atomics.sub(this.#sent, 0, 1);
  }

  /** Messages sent so far. */
  get sent(): number {
    return Atomics.load(this.#sent, 0);
  }
}
