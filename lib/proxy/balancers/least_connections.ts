/**
 * The endpoint that has the fewest connections.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import type { CandidatePicker } from "./candidate_picker.ts";
import { SmoothWeights } from "./smooth_weights.ts";

/** The endpoint with the fewest connections of this worker per weight; among equals, as {@linkcode RoundRobin}. */
export class LeastConnections implements CandidatePicker {
  #next: number;
  readonly #smooth: SmoothWeights;

  /** Start among equals at any number, see {@linkcode RoundRobin}. */
  constructor(start: number) {
    this.#next = start;
    this.#smooth = new SmoothWeights(start);
  }

  pick(candidates: Candidates, tried: readonly Endpoint[]): Endpoint | null {
    if (candidates.isUniform) return this.#pickUniform(candidates, tried);
    const { endpoints, weights } = candidates;
    let least = Number.POSITIVE_INFINITY;
    for (let index = 0; index < endpoints.length; index++) {
      const endpoint = endpoints[index] as Endpoint;
      const load = endpoint.activeConnections / (weights[index] as number);
      if (load < least && !tried.includes(endpoint)) least = load;
    }
    return this.#smooth.pick(candidates, tried, least);
  }

  #pickUniform({ endpoints }: Candidates, tried: readonly Endpoint[]): Endpoint | null {
    let best: Endpoint | null = null;
    const start = this.#next++;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[(start + i) % endpoints.length] as Endpoint;
      const isBetter = best === null || endpoint.activeConnections < best.activeConnections;
      if (isBetter && !tried.includes(endpoint)) best = endpoint;
    }
    return best;
  }
}
