/**
 * Compresses one body.
 *
 * @module
 */
import type { BodyPieces, BodyTransform } from "../filter.ts";
import type { Codec, CompressionStreamOfZlib } from "./compression_codecs.ts";

/** A body of its own for each response. What it holds is the window of its codec, and one piece. */
export class Compressor implements BodyTransform {
  readonly #codec: Codec;
  readonly #flushesEachPiece: boolean;
  #stream: CompressionStreamOfZlib | null = null;
  #ready: Uint8Array[] = [];
  #failure: Error | null = null;
  /** Ends the step that is under way. */
  #settle: ((error: Error | null) => void) | null = null;

  /** `flushesEachPiece`: a reader waits for each piece, as with events. */
  constructor(codec: Codec, flushesEachPiece: boolean) {
    this.#codec = codec;
    this.#flushesEachPiece = flushesEachPiece;
  }

  onPiece(piece: Uint8Array): Promise<BodyPieces> {
    return this.#step((stream, done) => {
      if (!this.#flushesEachPiece) {
        stream.write(piece, done);
        return;
      }
      stream.write(piece);
      stream.flush(this.#codec.flushKind, done);
    });
  }

  onEnd(): Promise<BodyPieces> {
    return this.#step((stream, done) => {
      stream.once("end", done);
      stream.end();
    });
  }

  onAbort(): void {
    this.#stream?.destroy();
  }

  /** What has become ready when `done` was called. */
  #step(start: (stream: CompressionStreamOfZlib, done: (error?: Error | null) => void) => void): Promise<BodyPieces> {
    this.#stream ??= this.#open();
    const stream = this.#stream;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (stream.destroyed) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = null;
        if (error === null) resolve(this.#take());
        else reject(error);
      };
      start(stream, (error) => this.#settle?.(error ?? null));
    });
  }

  #open(): CompressionStreamOfZlib {
    const stream = this.#codec.create();
    stream.on("data", (bytes: Uint8Array) => this.#ready.push(bytes));
    stream.on("error", (error) => {
      this.#failure = error;
      this.#settle?.(error);
    });
    // It was aborted: nobody waits for what the step would give.
    stream.on("close", () => this.#settle?.(null));
    return stream;
  }

  #take(): Uint8Array[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}
