/**
 * Any endpoint.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import type { CandidatePicker } from "./candidate_picker.ts";
import { sampleIndex } from "./weighted_sample.ts";

/** Any endpoint, each as likely as its weight says. */
export class RandomChoice implements CandidatePicker {
  readonly #random: () => number;

  /** With random numbers from 0 to less than 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  pick(candidates: Candidates, tried: readonly Endpoint[]): Endpoint | null {
    return candidates.endpoints[sampleIndex(candidates, tried, this.#random)] ?? null;
  }
}
