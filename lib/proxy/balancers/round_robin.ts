/**
 * One endpoint after the other.
 *
 * @module
 */
import type { Endpoint } from "../endpoint.ts";
import type { Balancer } from "./balancer.ts";

/** One endpoint after the other. */
export class RoundRobin implements Balancer {
  #next: number;

  /** Start at any number: workers that start at different ones do not all choose the same endpoint first. */
  constructor(start = 0) {
    this.#next = start;
  }

  pick(endpoints: readonly Endpoint[], tried: readonly Endpoint[]): Endpoint | null {
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[this.#next++ % endpoints.length] as Endpoint;
      if (!tried.includes(endpoint)) return endpoint;
    }
    return null;
  }
}
