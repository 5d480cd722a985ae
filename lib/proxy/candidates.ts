/**
 * The endpoints that a balancer chooses from, and their shares of the moment.
 *
 * @module
 */
import type { Endpoint } from "./endpoint.ts";

/** What an endpoint that starts slowly has of its weight at first. */
const FIRST_SHARE = 0.1;
/** In how many steps, at the most, shares grow. */
const STEPS = 100;

/** See the module. Balancers read it, the cluster changes it. */
export class Candidates {
  /** All endpoints of the cluster; another list whenever one comes, goes, or has another weight. */
  all: readonly Endpoint[] = [];
  /** Those that may be picked. */
  endpoints: readonly Endpoint[] = [];
  /** Their shares: their weights, or less in a slow start. */
  weights: Float64Array = new Float64Array();
  /** The sums of the weights up to each one. */
  sums: Float64Array = new Float64Array();
  /** Are all weights the same? Then there is no need to look at them. */
  isUniform = true;
  /** How often the endpoints have changed. */
  version = 0;
  readonly #slowStartMs: number;
  #nextStepMs = Number.POSITIVE_INFINITY;

  /** None; `slowStartMs` as in `ClusterOptions`. */
  constructor(slowStartMs: number) {
    this.#slowStartMs = slowStartMs;
  }

  /** Have others. */
  set(all: readonly Endpoint[], endpoints: readonly Endpoint[], nowMs: number): void {
    for (const endpoint of this.all) endpoint.isCandidate = false;
    for (const endpoint of endpoints) endpoint.isCandidate = true;
    this.all = all;
    this.endpoints = endpoints;
    this.weights = new Float64Array(endpoints.length);
    this.sums = new Float64Array(endpoints.length);
    this.version++;
    this.#weigh(nowMs);
  }

  /** Let shares grow with time. */
  refresh(nowMs: number): void {
    if (nowMs >= this.#nextStepMs) this.#weigh(nowMs);
  }

  /** Is any left besides those that were tried? */
  hasOther(tried: readonly Endpoint[]): boolean {
    if (tried.length < this.endpoints.length) return true;
    return this.endpoints.some((endpoint) => !tried.includes(endpoint));
  }

  #weigh(nowMs: number): void {
    const { endpoints, weights, sums } = this;
    let sum = 0;
    let isGrowing = false;
    this.isUniform = true;
    for (let index = 0; index < endpoints.length; index++) {
      const { weight, slowStartMs } = endpoints[index] as Endpoint;
      const grown = this.#slowStartMs === 0 ? 1 : Math.min(1, (nowMs - slowStartMs) / this.#slowStartMs);
      if (grown < 1) isGrowing = true;
      weights[index] = weight * (FIRST_SHARE + (1 - FIRST_SHARE) * grown);
      if (weights[index] !== weights[0]) this.isUniform = false;
      sum += weights[index] as number;
      sums[index] = sum;
    }
    this.#nextStepMs = isGrowing ? nowMs + this.#slowStartMs / STEPS : Number.POSITIVE_INFINITY;
  }
}
