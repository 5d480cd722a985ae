/**
 * Follows the framing of a body (RFC 9112 sections 6 and 7) without keeping any of its bytes.
 *
 * @module
 */

import { ChunkReader } from "./chunk_reader.ts";
import type { HttpFault } from "./fault.ts";
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE } from "./head.ts";
import type { HttpLimits } from "./limits.ts";

/**
 * Reads bodies, one after the other. A relay that passes the framing on looks at positions only; one that wants the
 * data takes the pieces.
 *
 * @example
 * ```ts
 * body.begin(head.framing, head.contentLength);
 * while (position < end && !body.isComplete && body.fault === null) {
 *   position = body.read(memory, position, end);
 *   if (body.pieceEnd > body.pieceStart) take(memory.subarray(body.pieceStart, body.pieceEnd));
 * }
 * ```
 */
export class BodyReader {
  /** Has the body ended? Then nothing more is read. */
  isComplete = true;
  /** The rule that the body breaks. */
  fault: HttpFault | null = null;
  /** Where the data starts that the last `read` has found, in its memory. */
  pieceStart = 0;
  /** Where that data ends; at `pieceStart` if there was none. */
  pieceEnd = 0;
  /** Bytes of data so far. */
  bodyBytes = 0;
  #framing: number = FRAMING_NONE;
  /** Bytes that are still to come, of a body with a length. */
  #remainingBytes = 0;
  readonly #chunks: ChunkReader;
  /** Of its framing. */
  readonly limits: HttpLimits;

  constructor(limits: HttpLimits) {
    this.limits = limits;
    this.#chunks = new ChunkReader(limits);
  }

  /** Does a trailer section with fields follow the chunks? Known once the body is complete. */
  get hasTrailers(): boolean {
    return this.#framing === FRAMING_CHUNKED && this.#chunks.trailerCount > 0;
  }

  /** A new body, with what `Head` says about it. One without bytes is complete at once. */
  begin(framing: number, contentLength: number): void {
    this.#framing = framing;
    this.#remainingBytes = framing === FRAMING_LENGTH ? contentLength : 0;
    this.isComplete = framing === FRAMING_NONE || (framing === FRAMING_LENGTH && contentLength === 0);
    this.fault = null;
    this.pieceStart = 0;
    this.pieceEnd = 0;
    this.bodyBytes = 0;
    if (framing === FRAMING_CHUNKED) this.#chunks.begin();
  }

  /**
   * Read from `start` on: up to the end of one piece of data, the end of the body, a byte that breaks a rule, or
   * `end`, whichever comes first. Returns that position.
   */
  read(memory: Uint8Array, start: number, end: number): number {
    this.pieceStart = start;
    this.pieceEnd = start;
    if (this.isComplete || this.fault !== null || start >= end) return start;
    if (this.#framing === FRAMING_CHUNKED) return this.#readChunks(memory, start, end);
    if (this.#framing === FRAMING_UNTIL_CLOSE) return this.#takePiece(start, end);
    const pieceBytes = Math.min(end - start, this.#remainingBytes);
    this.#remainingBytes -= pieceBytes;
    this.isComplete = this.#remainingBytes === 0;
    return this.#takePiece(start, start + pieceBytes);
  }

  /** The connection has ended: is the body complete now, or was it cut short (RFC 9112 section 8)? */
  finish(): boolean {
    if (this.#framing === FRAMING_UNTIL_CLOSE && this.fault === null) this.isComplete = true;
    return this.isComplete;
  }

  #takePiece(start: number, end: number): number {
    this.pieceStart = start;
    this.pieceEnd = end;
    this.bodyBytes += end - start;
    return end;
  }

  #readChunks(memory: Uint8Array, start: number, end: number): number {
    const chunks = this.#chunks;
    const position = chunks.readFraming(memory, start, end);
    if (chunks.fault !== null) {
      this.fault = chunks.fault;
      return position;
    }
    this.pieceStart = position;
    this.pieceEnd = position;
    this.isComplete = chunks.isComplete;
    const pieceBytes = Math.min(end - position, chunks.dataBytes);
    if (pieceBytes === 0) return position;
    chunks.takeData(pieceBytes);
    return this.#takePiece(position, position + pieceBytes);
  }
}
