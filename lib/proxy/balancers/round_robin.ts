/**
 * One endpoint after the other.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import type { CandidatePicker } from "./candidate_picker.ts";
import { SmoothWeights } from "./smooth_weights.ts";

/** One endpoint after the other, the heavier ones more often. */
export class RoundRobin implements CandidatePicker {
  #next: number;
  readonly #smooth: SmoothWeights;

  /** Start at any number: workers that start at different ones do not all choose the same endpoint first. */
  constructor(start: number) {
    this.#next = start;
    this.#smooth = new SmoothWeights(start);
  }

  pick(candidates: Candidates, tried: readonly Endpoint[]): Endpoint | null {
    if (!candidates.isUniform) return this.#smooth.pick(candidates, tried, Number.POSITIVE_INFINITY);
    const { endpoints } = candidates;
    for (let skipped = 0; skipped < endpoints.length; skipped++) {
      const endpoint = endpoints[this.#next++ % endpoints.length] as Endpoint;
      if (!tried.includes(endpoint)) return endpoint;
    }
    return null;
  }
}
