/**
 * A named group of endpoints that serve the same.
 *
 * @module
 */
import { formatAddress } from "../net/address.ts";
import type { BalancerSeed, CandidatePicker } from "./balancers/candidate_picker.ts";
import { createBalancer, usesHash } from "./balancers/create_balancer.ts";
import { Candidates } from "./candidates.ts";
import type { ClusterOptions } from "./cluster_options.ts";
import { Endpoint, type EndpointState } from "./endpoint.ts";
import { OutlierDetector, type OutlierReporter } from "./outlier_detector.ts";
import { STATISTIC, type Statistics } from "./statistics.ts";

/** What a cluster has of the worker that it is in. */
export interface ClusterContext extends BalancerSeed {
  /** Where ejections are counted, if anywhere. */
  readonly statistics?: Statistics;
  /** Told of ejections. */
  readonly reporter?: OutlierReporter;
  /** A balancer of the user's own, if the options name one. */
  readonly ownBalancer?: CandidatePicker;
}

/**
 * A named group of endpoints, as one worker sees it.
 *
 * An endpoint is available if it is healthy and not left out as an outlier. Available ones are the candidates that the
 * balancer chooses from, unless there are too few of them: then all are ("panic").
 */
export class Cluster {
  /** Its name in logs and statistics. */
  readonly name: string;
  /** Does {@linkcode Cluster.pick} look at the hash? */
  readonly needsHash: boolean;
  /** To be told of what becomes of connections and requests; `null`: none is left out. */
  readonly outliers: OutlierDetector | null;
  readonly #options: ClusterOptions;
  readonly #context: ClusterContext;
  readonly #balancer: CandidatePicker;
  readonly #candidates: Candidates;
  #endpoints: readonly Endpoint[] = [];
  /** As the statistics have it. */
  #ejectedCount = 0;

  /** A cluster with its first endpoints, none of which starts slowly. */
  constructor(name: string, options: ClusterOptions, states: readonly EndpointState[], context: ClusterContext) {
    this.name = name;
    this.#options = options;
    this.#context = context;
    this.needsHash = usesHash(options.balancer);
    this.#balancer = context.ownBalancer ?? createBalancer(options.balancer, context);
    this.#candidates = new Candidates(options.slowStartMs);
    this.outliers = options.outliers === null ? null : this.#createDetector(options.outliers);
    this.update(states, 0);
  }

  /** Is there any endpoint that may be picked? */
  get hasCandidates(): boolean {
    return this.#candidates.endpoints.length > 0;
  }

  /** All endpoints, available or not. Another list whenever one comes, goes, or has another weight. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /**
   * Change the endpoints. Of several with one address the first counts. Those that stay keep their counts and whether
   * they are left out; connections to those that go are left alone.
   */
  update(states: readonly EndpointState[], nowMs: number): void {
    const known = new Map(this.#endpoints.map((endpoint) => [endpoint.name, endpoint]));
    const isFirst = known.size === 0;
    const endpoints = new Map<string, Endpoint>();
    let hasOthers = false;
    let hasChanged = false;
    for (const state of states) {
      const name = formatAddress(state.address);
      if (endpoints.has(name)) continue;
      const endpoint = known.get(name) ?? new Endpoint(state);
      const isNew = !known.delete(name);
      if (!isFirst && state.isHealthy && (isNew || !endpoint.isHealthy)) endpoint.slowStartMs = nowMs;
      if (isNew || endpoint.weight !== state.weight) hasOthers = true;
      const isPending = state.isPending === true;
      if (endpoint.isHealthy !== state.isHealthy || endpoint.isPending !== isPending) hasChanged = true;
      endpoint.weight = state.weight;
      endpoint.isHealthy = state.isHealthy;
      endpoint.isPending = isPending;
      endpoints.set(name, endpoint);
    }
    for (const removed of known.values()) {
      removed.isRemoved = true;
      hasOthers = true;
    }
    if (hasOthers) {
      this.#endpoints = [...endpoints.values()];
      this.outliers?.update(this.#endpoints);
    }
    if (hasOthers || hasChanged) this.#findCandidates(nowMs);
  }

  /**
   * The endpoint for a connection or a request, other than those that were tried; `null` if there is none. `hash` is a
   * number from 0 to 2^32 - 1 that stands for what the request has in common with others, or `NO_HASH`.
   */
  pick(tried: readonly Endpoint[], nowMs: number, hash: number): Endpoint | null {
    if (this.outliers !== null && nowMs >= this.outliers.nextReturnMs) this.#reinstate(nowMs);
    this.#candidates.refresh(nowMs);
    const picked = this.#balancer.pick(this.#candidates, tried, hash);
    // One of the user's own may want none of those that there are.
    return picked !== null || this.#candidates.hasOther(tried) ? picked : this.#pickUnavailable(tried);
  }

  /** Every candidate was tried: another endpoint is bad for all that is known, but nothing is certain to fail. */
  #pickUnavailable(tried: readonly Endpoint[]): Endpoint | null {
    const { length } = this.#endpoints;
    if (this.#options.panicThresholdPercent === 0) return null;
    const start = Math.floor(this.#context.random() * length);
    for (let step = 0; step < length; step++) {
      const endpoint = this.#endpoints[(start + step) % length] as Endpoint;
      if (!tried.includes(endpoint) && !endpoint.isPending) return endpoint;
    }
    return null;
  }

  #findCandidates(nowMs: number): void {
    const all = this.#endpoints;
    const available = all.filter(({ isHealthy, record }) => isHealthy && !record.isEjected);
    // Those of which nothing is known are not bad: many new ones are no reason to panic, nor are they used in one.
    const known = all.filter(({ isPending }) => !isPending);
    const isPanic = available.length * 100 < known.length * this.#options.panicThresholdPercent;
    this.#candidates.set(all, known.length === 0 ? all : isPanic ? known : available, nowMs);
    this.#countEjected();
  }

  #countEjected(): void {
    const count = this.outliers?.ejectedCount ?? 0;
    if (count === this.#ejectedCount) return;
    this.#context.statistics?.add(STATISTIC.outlier_ejected_active, count - this.#ejectedCount);
    this.#ejectedCount = count;
  }

  #reinstate(nowMs: number): void {
    this.outliers?.reinstate(nowMs);
    this.#findCandidates(nowMs);
  }

  #createDetector(options: NonNullable<ClusterOptions["outliers"]>): OutlierDetector {
    return new OutlierDetector(options, {
      onEjected: (endpoint, reason, durationMs, nowMs) => {
        this.#findCandidates(nowMs);
        this.#context.statistics?.add(STATISTIC.outlier_ejections_total, 1);
        this.#context.reporter?.onEjected(endpoint, reason, durationMs, nowMs);
      },
      onReinstated: (endpoint, nowMs) => {
        endpoint.slowStartMs = nowMs;
        this.#context.reporter?.onReinstated(endpoint, nowMs);
      },
    });
  }
}
