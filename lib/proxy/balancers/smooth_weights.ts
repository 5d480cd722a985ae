/**
 * Smooth weighted round-robin, as in nginx: with the weights 5, 1 and 1 it is a a b a c a a, not a a a a a b c.
 *
 * For each choice every endpoint is credited its weight; the one with the most credit is chosen, and pays what all
 * were credited.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";

/** See the module. */
export class SmoothWeights {
  readonly #start: number;
  /** Of each of the candidates. */
  #credits: Float64Array = new Float64Array();
  #version = -1;

  /** Start behind that many choices, so that workers do not all choose the same endpoint first. */
  constructor(start: number) {
    this.#start = start;
  }

  /**
   * The next one of those candidates that were not tried, and that have no more than `maximumLoad` connections per
   * weight.
   */
  pick(candidates: Candidates, tried: readonly Endpoint[], maximumLoad: number): Endpoint | null {
    if (this.#version !== candidates.version) this.#restart(candidates);
    return this.#next(candidates, tried, maximumLoad);
  }

  /** Credits of other endpoints, or of other weights, mean nothing. */
  #restart(candidates: Candidates): void {
    this.#version = candidates.version;
    this.#credits = new Float64Array(candidates.endpoints.length);
    for (let skipped = 0; skipped < this.#start; skipped++) this.#next(candidates, [], Number.POSITIVE_INFINITY);
  }

  #next({ endpoints, weights }: Candidates, tried: readonly Endpoint[], maximumLoad: number): Endpoint | null {
    const credits = this.#credits;
    let best = -1;
    let total = 0;
    for (let index = 0; index < endpoints.length; index++) {
      const endpoint = endpoints[index] as Endpoint;
      const weight = weights[index] as number;
      if (endpoint.activeConnections / weight > maximumLoad || tried.includes(endpoint)) continue;
      const credit = (credits[index] as number) + weight;
      credits[index] = credit;
      total += weight;
      if (best < 0 || credit > (credits[best] as number)) best = index;
    }
    if (best < 0) return null;
    credits[best] = (credits[best] as number) - total;
    return endpoints[best] as Endpoint;
  }
}
