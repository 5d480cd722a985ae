/**
 * Brings the bytes of a head together, wherever they arrived.
 *
 * @module
 */
import type { Head } from "../../http/head.ts";
import type { Lease } from "../../ring/lease.ts";
import { PartialHead } from "./partial_head.ts";

const NOTHING: Uint8Array = new Uint8Array();

/** Lends heads to parse into. */
export interface HeadLender {
  /** A head that is longer than allowed is found to be so within this many bytes. */
  readonly partialHeadBytes: number;
  takeHead(): Head;
  giveHead(head: Head): void;
}

/**
 * Where the head of the next message is parsed: in the memory that it arrived in, or in a copy if it came in pieces.
 *
 * @example
 * ```ts
 * const end = reader.gather(lease, lender);
 * const parsed = parseRequestHead(reader.head, reader.memory, reader.base, end);
 * if (parsed === PARSE_INCOMPLETE) reader.keep(lease, lender);
 * else reader.end();
 * ```
 */
export class HeadReader {
  /** The memory that the head stands in, after `gather`. */
  memory: Uint8Array = NOTHING;
  /** Where in it the head starts. */
  base = 0;
  /** Bytes of the head that came before the present lease. */
  earlierBytes = 0;
  #head: Head | null = null;
  #partial: PartialHead | null = null;

  /** Has a part of a head arrived? */
  get hasBegun(): boolean {
    return this.#partial !== null;
  }

  /** To parse into, after `gather`. */
  get head(): Head {
    return this.#head as Head;
  }

  /** Bring all bytes of the head so far together. Returns where in `memory` they end. */
  gather(lease: Lease, lender: HeadLender): number {
    this.#head ??= lender.takeHead();
    const partial = this.#partial;
    if (partial === null) {
      this.memory = lease.memory;
      this.base = lease.offset;
      this.earlierBytes = 0;
      return lease.offset + lease.length;
    }
    this.earlierBytes = partial.length;
    partial.append(lease);
    this.memory = partial.bytes;
    this.base = 0;
    return partial.length;
  }

  /** The head is not complete: keep its bytes. Returns whether it is the head's first piece. The lease is released. */
  keep(lease: Lease, lender: HeadLender): boolean {
    this.memory = NOTHING;
    const isFirst = this.#partial === null;
    if (this.#partial === null) {
      this.#partial = new PartialHead(lender.partialHeadBytes);
      this.#partial.append(lease);
    }
    lease.release();
    return isFirst;
  }

  /** The head was parsed. It has to be given back once it is not needed any more. */
  end(): Head {
    const head = this.head;
    this.#head = null;
    this.#partial = null;
    this.memory = NOTHING;
    return head;
  }

  /** Forget what has arrived. */
  drop(lender: HeadLender): void {
    if (this.#head !== null) lender.giveHead(this.end());
    this.#partial = null;
  }
}
