/**
 * A body that is being received, as a stream.
 *
 * @module
 */
/** Where a body comes from. */
export interface BodyOrigin {
  /** More of the body is wanted. */
  resumeBody(): void;
  /** The rest of it is not wanted. */
  dropBody(): void;
}

/** Bytes that are kept for a reader that does not keep up; above it, no more are received. */
export const BODY_WINDOW_BYTES = 65_536;

/**
 * The stream of a body. Its bytes are copies: the memory that they arrived in is for all connections.
 *
 * With a window of 0 nothing is wanted before the first read.
 */
export class IncomingBody implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #origin: BodyOrigin;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;

  /** A body of which nothing has arrived. */
  constructor(origin: BodyOrigin, windowBytes: number) {
    this.#origin = origin;
    this.stream = new ReadableStream(this, new ByteLengthQueuingStrategy({ highWaterMark: windowBytes }));
  }

  /** @internal Called by the stream. */
  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
  }

  /** @internal Called by the stream. */
  pull(): void {
    this.#origin.resumeBody();
  }

  /** @internal Called by the stream. */
  cancel(): void {
    this.#controller = null;
    this.#origin.dropBody();
  }

  /** Is somebody still interested? */
  get isOpen(): boolean {
    return this.#controller !== null;
  }

  /** A part of it, whose bytes nobody else changes. False: no more for now, until `resumeBody`. */
  push(bytes: Uint8Array<ArrayBuffer>): boolean {
    const controller = this.#controller;
    if (controller === null) return false;
    controller.enqueue(bytes);
    return (controller.desiredSize ?? 0) > 0;
  }

  /** It is complete. */
  end(): void {
    const controller = this.#controller;
    this.#controller = null;
    controller?.close();
  }

  /** It can't be completed: whoever reads it gets the error. */
  fail(error: unknown): void {
    const controller = this.#controller;
    this.#controller = null;
    controller?.error(error);
  }
}

/** Several pieces as one. */
export function joinPieces(pieces: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const joined = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
