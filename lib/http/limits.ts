/**
 * How much of a peer's message is held or skipped before it is refused.
 *
 * @module
 */

/** Bounds for what a peer can make us keep or count. */
export interface HttpLimits {
  /** A head: start line, fields, and the empty line. */
  readonly headBytes: number;
  /** Fields in a head, and fields in a trailer section. */
  readonly fieldCount: number;
  /** A request's target. RFC 9112 section 3 recommends at least 8000. */
  readonly targetBytes: number;
  /** The extensions of all chunks of one body. */
  readonly chunkExtensionBytes: number;
  /** A trailer section, with the empty line. */
  readonly trailerBytes: number;
}

/** Limits that ordinary clients and servers stay below. */
export const defaultHttpLimits: HttpLimits = {
  headBytes: 16384,
  fieldCount: 100,
  targetBytes: 8192,
  chunkExtensionBytes: 1024,
  trailerBytes: 8192,
};
