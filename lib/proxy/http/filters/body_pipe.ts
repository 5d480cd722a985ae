/**
 * Leads a body through transforms, one piece after the other, and holds its sender back meanwhile.
 *
 * @module
 */
import type { BodyPieces, BodyTransform, MaybePromise } from "./filter.ts";
import { abortTransforms } from "./message_view.ts";

/** Takes what comes out of a {@linkcode BodyPipe}. */
export interface BodySink {
  /** Bytes, never none. False: no more until `BodyPipe.resume`. */
  onPiece(piece: Uint8Array): boolean;
  /** The body is complete. */
  onEnd(): void;
  /** A transform failed: the body will never be complete. */
  onError(error: unknown): void;
  /** Pieces can be pushed again, after `push` returned false. */
  onDrain(): void;
  /** Something is awaited until the promise is settled. */
  onWait(promise: Promise<unknown>): void;
}

/** See the module. */
export class BodyPipe {
  readonly #transforms: readonly BodyTransform[];
  readonly #sink: BodySink;
  readonly #limitBytes: number;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isBlocked = false;
  #isFull = false;
  #hasEnded = false;
  #isOver = false;

  /** More than `limitBytes` that wait hold the sender back. */
  constructor(transforms: readonly BodyTransform[], sink: BodySink, limitBytes: number) {
    this.#transforms = transforms;
    this.#sink = sink;
    this.#limitBytes = limitBytes;
  }

  /** Is the sender held back? */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** A piece of the body, which is the pipe's own now. False: no more until `onDrain`. */
  push(piece: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    this.#work();
    this.#isFull = this.#waitingBytes > this.#limitBytes;
    return !this.#isFull;
  }

  /** The body is complete. */
  end(): void {
    this.#hasEnded = true;
    this.#work();
  }

  /** The sink can take more. */
  resume(): void {
    this.#isBlocked = false;
    this.#work();
  }

  /** The body will never be complete, or nobody wants it any more. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    abortTransforms(this.#transforms);
  }

  #work(): void {
    while (!this.#isBusy && !this.#isBlocked && !this.#isOver) {
      const piece = this.#waiting.shift();
      if (piece === undefined) {
        if (this.#hasEnded) this.#run(() => this.#finish(0, []), true);
        return;
      }
      this.#waitingBytes -= piece.length;
      this.#run(() => this.#transform(0, [piece]), false);
      if (this.#isFull && this.#waitingBytes <= this.#limitBytes / 2) {
        this.#isFull = false;
        this.#sink.onDrain();
      }
    }
  }

  /** Do a step, which may take its time. */
  #run(step: () => MaybePromise<Uint8Array[]>, isLast: boolean): void {
    // What the sink does may lead back here.
    this.#isBusy = true;
    try {
      const pieces = step();
      if (pieces instanceof Promise) {
        this.#await(pieces, isLast);
        return;
      }
      this.#emit(pieces, isLast);
    } catch (error) {
      this.#fail(error);
    }
  }

  #await(promise: Promise<Uint8Array[]>, isLast: boolean): void {
    const settled = promise.then(
      (pieces) => {
        if (this.#isOver) return;
        this.#emit(pieces, isLast);
        this.#work();
      },
      (error: unknown) => this.#fail(error),
    );
    this.#sink.onWait(settled);
  }

  #emit(pieces: readonly Uint8Array[], isLast: boolean): void {
    for (const piece of pieces) {
      if (this.#isOver) return;
      if (piece.length > 0 && !this.#sink.onPiece(piece)) this.#isBlocked = true;
    }
    this.#isBusy = false;
    if (!isLast || this.#isOver) return;
    this.#isOver = true;
    this.#sink.onEnd();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.abort();
    this.#sink.onError(error);
  }

  /** Lead pieces through the transforms from `index` on. */
  #transform(index: number, pieces: readonly Uint8Array[]): MaybePromise<Uint8Array[]> {
    let current = [...pieces];
    for (let at = index; at < this.#transforms.length; at++) {
      const passed: Uint8Array[] = [];
      for (const [position, piece] of current.entries()) {
        const result = (this.#transforms[at] as BodyTransform).onPiece(piece);
        if (result instanceof Promise) return this.#transformLater(at, result, passed, current.slice(position + 1));
        add(passed, result);
      }
      current = passed;
    }
    return current;
  }

  async #transformLater(
    index: number,
    result: Promise<BodyPieces>,
    passed: Uint8Array[],
    rest: readonly Uint8Array[],
  ): Promise<Uint8Array[]> {
    add(passed, await result);
    for (const piece of rest) add(passed, await (this.#transforms[index] as BodyTransform).onPiece(piece));
    return this.#transform(index + 1, passed);
  }

  /** Tell the transforms from `index` on, one after the other, that the body is complete. */
  #finish(index: number, pieces: readonly Uint8Array[]): MaybePromise<Uint8Array[]> {
    const current = [...pieces];
    for (let at = index; at < this.#transforms.length; at++) {
      const result = (this.#transforms[at] as BodyTransform).onEnd?.();
      if (result instanceof Promise) return this.#finishLater(at, result, current);
      const tail: Uint8Array[] = [];
      add(tail, result);
      const passed = this.#transform(at + 1, tail);
      if (passed instanceof Promise) return this.#finishLater(at, passed, current, true);
      current.push(...passed);
    }
    return current;
  }

  async #finishLater(
    index: number,
    result: Promise<BodyPieces>,
    pieces: Uint8Array[],
    isTransformed = false,
  ): Promise<Uint8Array[]> {
    const tail: Uint8Array[] = [];
    add(tail, await result);
    const passed = isTransformed ? tail : await this.#transform(index + 1, tail);
    return this.#finish(index + 1, [...pieces, ...passed]);
  }
}

function add(pieces: Uint8Array[], result: BodyPieces): void {
  if (result === undefined) return;
  const added = Array.isArray(result) ? result : [result];
  for (const piece of added) {
    if (!(piece instanceof Uint8Array)) throw new TypeError("A transform passes on nothing, or Uint8Arrays");
    pieces.push(piece);
  }
}
