/**
 * The balancers by their names.
 *
 * @module
 */
import type { BalancerName } from "../cluster_options.ts";
import type { Balancer, BalancerSeed } from "./balancer.ts";
import { LeastConnections } from "./least_connections.ts";
import { LeastRequest } from "./least_request.ts";
import { Maglev } from "./maglev.ts";
import { RandomChoice } from "./random_choice.ts";
import { RingHash } from "./ring_hash.ts";
import { RoundRobin } from "./round_robin.ts";

/** A new balancer. */
export function createBalancer(name: BalancerName, { worker, random }: BalancerSeed): Balancer {
  switch (name) {
    case "round-robin":
      return new RoundRobin(worker);
    case "least-connections":
      return new LeastConnections(worker);
    case "least-request":
      return new LeastRequest(random);
    case "random":
      return new RandomChoice(random);
    case "ring-hash":
      return new RingHash(random);
    case "maglev":
      return new Maglev(random);
  }
}

/** Does it look at hashes? */
export function usesHash(name: BalancerName): boolean {
  return name === "ring-hash" || name === "maglev";
}
