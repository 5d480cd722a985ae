/**
 * What all load balancers have in common.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";

/** Chooses the endpoint for a connection or a request. Each cluster of each worker has its own. */
export interface CandidatePicker {
  /**
   * One of the candidates that is not in `tried`, or `null` if there is none. `hash` is a number of 32 bits, or
   * negative: without one. The same hash means the same endpoint to those balancers that look at it.
   */
  pick(candidates: Candidates, tried: readonly Endpoint[], hash: number): Endpoint | null;
}

/** What a balancer has of the worker that it is in. */
export interface BalancerSeed {
  /** The number of the worker, from 0: workers do not all choose the same endpoint first. */
  readonly worker: number;
  /** Random numbers from 0 to less than 1. */
  readonly random: () => number;
}
