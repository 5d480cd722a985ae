/**
 * Heads to parse into, kept to be used again.
 *
 * @module
 */
import { Head } from "../../http/head.ts";
import type { HttpLimits } from "../../http/limits.ts";
import type { HeadLender } from "./head_reader.ts";

/** Heads that are kept. Only connections in the middle of a head have one. */
const SPARE_HEADS = 64;

/** Lends heads of the same limits. */
export class HeadPool implements HeadLender {
  readonly partialHeadBytes: number;
  readonly #limits: HttpLimits;
  readonly #spare: Head[] = [];

  /** A pool without heads yet. */
  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.partialHeadBytes = limits.headBytes + 4;
  }

  takeHead(): Head {
    return this.#spare.pop() ?? new Head(this.#limits);
  }

  giveHead(head: Head): void {
    head.reset();
    if (this.#spare.length < SPARE_HEADS) this.#spare.push(head);
  }
}
