/**
 * A load balancer of one's own: the endpoint with the least work for its weight gets the request, but none that has
 * `most` requests already, and clients that have a session keep their endpoint as long as it is not full.
 *
 * @module
 */
import type { Balancer, BalancerChoice, BalancerContext, BalancerEndpoint } from "../../mod.ts";

export default class LeastLoad implements Balancer {
  readonly #most: number;

  constructor({ options }: BalancerContext) {
    this.#most = Number(options["most"] ?? Number.POSITIVE_INFINITY);
    if (!(this.#most > 0)) throw new RangeError('"most" is the number of requests that an endpoint takes at once');
  }

  pick({ endpoints, weights, hash }: BalancerChoice): BalancerEndpoint | null {
    const own = hash === null ? undefined : endpoints[hash % endpoints.length];
    if (own !== undefined && own.activeConnections < this.#most) return own;
    let best: BalancerEndpoint | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, endpoint] of endpoints.entries()) {
      const load = (endpoint.activeConnections + 1) / (weights[index] ?? 1);
      if (endpoint.activeConnections >= this.#most || load >= least) continue;
      best = endpoint;
      least = load;
    }
    return best;
  }
}
