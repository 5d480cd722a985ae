/**
 * The balancers by their names.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import type { BalancerName, CustomBalancer } from "../cluster_options.ts";
import type { BalancerSeed, CandidatePicker } from "./candidate_picker.ts";
import { LeastConnections } from "./least_connections.ts";
import { LeastRequest } from "./least_request.ts";
import { Maglev } from "./maglev.ts";
import { RandomChoice } from "./random_choice.ts";
import { RingHash } from "./ring_hash.ts";
import { RoundRobin } from "./round_robin.ts";

/** A new balancer; one of the user's own has to be there already. */
export function createBalancer(name: BalancerName | CustomBalancer, { worker, random }: BalancerSeed): CandidatePicker {
  if (typeof name !== "string") throw notLoaded(name);
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

/** Does it look at hashes, or may it? */
export function usesHash(name: BalancerName | CustomBalancer): boolean {
  return typeof name !== "string" || name === "ring-hash" || name === "maglev";
}

function notLoaded({ module }: CustomBalancer): RingwayError {
  const failure = { code: "ERR_BALANCER", source: "internal", operation: "make a balancer" } as const;
  return new RingwayError(`The balancer in ${module} was not loaded`, failure);
}
