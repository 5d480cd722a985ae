/**
 * What all load balancers have in common.
 *
 * @module
 */
import type { Endpoint } from "../endpoint.ts";

/** Chooses the endpoint for a connection. Each worker has its own. */
export interface Balancer {
  /** An endpoint that is not in `tried`, or `null` if there is none. */
  pick(endpoints: readonly Endpoint[], tried: readonly Endpoint[]): Endpoint | null;
}
