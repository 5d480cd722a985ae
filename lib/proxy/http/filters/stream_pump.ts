/**
 * Reads a stream of the runtime's and hands on its pieces.
 *
 * @module
 */

/** Takes the pieces of a stream. */
export interface PumpTarget {
  /** False: no more until `StreamPump.resume`. */
  push(piece: Uint8Array): boolean;
  /** The stream has ended. */
  end(): void;
  /** The stream failed. */
  fail(error: unknown): void;
}

/** See the module. */
export class StreamPump {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #target: PumpTarget;
  #resume: (() => void) | null = null;
  #isCancelled = false;

  /** Throws a TypeError for a stream that somebody reads already. */
  constructor(stream: ReadableStream<Uint8Array>, target: PumpTarget) {
    this.#reader = stream.getReader();
    this.#target = target;
  }

  /** Read to the end. The promise never rejects. */
  async run(): Promise<void> {
    try {
      for (let read = await this.#reader.read(); !read.done; read = await this.#reader.read()) {
        if (this.#isCancelled) return;
        if (!(read.value instanceof Uint8Array)) throw new TypeError("A body's stream has to give Uint8Arrays");
        if (this.#target.push(read.value)) continue;
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
      }
      if (!this.#isCancelled) this.#target.end();
    } catch (error) {
      if (!this.#isCancelled) this.#target.fail(error);
    }
  }

  /** The target can take more. */
  resume(): void {
    this.#resume?.();
    this.#resume = null;
  }

  /** Nobody wants the rest. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.resume();
    this.#reader.cancel().catch(() => {
      // It failed already.
    });
  }
}
