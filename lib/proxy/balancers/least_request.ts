/**
 * The less busy one of two random endpoints: nearly as even as the least busy of all, at the same cost for any number
 * of endpoints, and without all workers choosing the same one at the same time (Mitzenmacher, The Power of Two Choices
 * in Randomized Load Balancing, 2001).
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import type { CandidatePicker } from "./candidate_picker.ts";
import { sampleIndex } from "./weighted_sample.ts";

/** How often the second one is drawn until it is not the first one again. */
const DRAWS = 4;

/**
 * Of two endpoints that are drawn by weight the one with fewer active requests per weight; of equals the first one, so
 * that without load each has its share by weight.
 */
export class LeastRequest implements CandidatePicker {
  readonly #random: () => number;

  /** With random numbers from 0 to less than 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  pick(candidates: Candidates, tried: readonly Endpoint[]): Endpoint | null {
    const { endpoints, weights } = candidates;
    const first = sampleIndex(candidates, tried, this.#random);
    if (first < 0) return null;
    const one = endpoints[first] as Endpoint;
    const second = this.#drawOther(candidates, tried, first);
    const other = endpoints[second] as Endpoint;
    const [weight, otherWeight] = [weights[first] as number, weights[second] as number];
    return other.activeConnections * weight < one.activeConnections * otherWeight ? other : one;
  }

  #drawOther(candidates: Candidates, tried: readonly Endpoint[], first: number): number {
    const { length } = candidates.endpoints;
    if (length === 1) return first;
    if (candidates.isUniform && tried.length === 0) {
      return (first + 1 + Math.floor(this.#random() * (length - 1))) % length;
    }
    let second = first;
    for (let draw = 0; draw < DRAWS && second === first; draw++) second = sampleIndex(candidates, tried, this.#random);
    return second;
  }
}
