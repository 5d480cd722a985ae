/**
 * The endpoint that has the fewest connections.
 *
 * @module
 */
import type { Endpoint } from "../endpoint.ts";
import type { Balancer } from "./balancer.ts";

/** The endpoint with the fewest connections of this worker; among equals, one after the other. */
export class LeastConnections implements Balancer {
  #next: number;

  /** Start among equals at any number, see {@linkcode RoundRobin}. */
  constructor(start = 0) {
    this.#next = start;
  }

  pick(endpoints: readonly Endpoint[], tried: readonly Endpoint[]): Endpoint | null {
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
