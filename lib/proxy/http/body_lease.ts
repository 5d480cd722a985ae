/**
 * Follows a body through the bytes that arrived.
 *
 * @module
 */
import type { BodyReader } from "../../http/body_reader.ts";
import { dropFront, type Lease } from "../../ring/lease.ts";

/**
 * Follow the body to its end, its first fault, or the end of the lease, which is cut there. Returns what is behind the
 * body, if anything is.
 */
export function followBody(body: BodyReader, lease: Lease): Lease | null {
  const start = lease.offset;
  const end = start + lease.length;
  let position = start;
  while (position < end && !body.isComplete && body.fault === null) position = body.read(lease.memory, position, end);
  return position < end && body.fault === null ? lease.split(position - start) : null;
}

/** Takes the pieces of a body, without its framing. */
export interface PieceTaker {
  takePiece(lease: Lease): void;
}

/** The same, but each piece of data is handed on as a lease of its own, and the given one is used up. */
export function followPieces(body: BodyReader, lease: Lease, taker: PieceTaker): Lease | null {
  const start = lease.offset;
  const end = start + lease.length;
  let position = start;
  while (position < end && !body.isComplete && body.fault === null) {
    position = body.read(lease.memory, position, end);
    if (body.pieceEnd === body.pieceStart) continue;
    const piece = lease.share();
    piece.offset = body.pieceStart;
    piece.length = body.pieceEnd - body.pieceStart;
    taker.takePiece(piece);
  }
  if (body.fault === null) return dropFront(lease, position - start);
  lease.release();
  return null;
}
