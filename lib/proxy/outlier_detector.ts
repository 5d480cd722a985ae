/**
 * Leaves endpoints out for a while because of what they answer: passive health checking. One worker's view.
 *
 * ```text
 *            too many failures in a row, and not too many are left out already
 *   in use ────────────────────────────────────────────────────────────────────> left out
 *      ^                                                                            │
 *      └────────── ejectionMs x how many times in a row, at most the maximum ───────┘
 * ```
 *
 * Nothing runs by itself: {@linkcode OutlierDetector.reinstate} is called whenever an endpoint is about to be picked.
 *
 * @module
 */
import { EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM } from "../../ffi/abi.ts";
import type { OutlierOptions } from "./cluster_options.ts";
import type { Endpoint } from "./endpoint.ts";

/** Why an endpoint is left out; which of {@linkcode OutlierOptions}' counts was reached. */
export type OutlierReason = "connect failures" | "gateway errors" | "5xx";

/** Told what an outlier detector decides. Endpoints that leave the cluster meanwhile are not told of. */
export interface OutlierReporter {
  /** An endpoint is left out for that long. */
  onEjected(endpoint: Endpoint, reason: OutlierReason, durationMs: number, nowMs: number): void;
  /** An endpoint is used again. */
  onReinstated(endpoint: Endpoint, nowMs: number): void;
}

/** See the module. */
export class OutlierDetector {
  /** Nothing is to be reinstated before this time. */
  nextReturnMs: number = Number.POSITIVE_INFINITY;
  readonly #options: OutlierOptions;
  readonly #reporter: OutlierReporter;
  readonly #ejected: Set<Endpoint> = new Set();
  #endpointCount = 0;

  /** A detector that knows no endpoint yet. */
  constructor(options: OutlierOptions, reporter: OutlierReporter) {
    this.#options = options;
    this.#reporter = reporter;
  }

  /** How many endpoints are left out. */
  get ejectedCount(): number {
    return this.#ejected.size;
  }

  /** The endpoints of the cluster are other ones, marked as removed or not. What is known of those that stay, stays. */
  update(endpoints: readonly Endpoint[]): void {
    this.#endpointCount = endpoints.length;
    for (const endpoint of this.#ejected) if (endpoint.isRemoved) this.#ejected.delete(endpoint);
    this.#findNextReturn();
  }

  /** An endpoint answered with that status. */
  onResponse(endpoint: Endpoint, status: number, nowMs: number): void {
    const { record } = endpoint;
    if (status < 500) {
      record.resetCounts();
      return;
    }
    record.consecutiveConnectFailures = 0;
    record.consecutive5xx++;
    if (status >= 502 && status <= 504) record.consecutiveGatewayErrors++;
    else record.consecutiveGatewayErrors = 0;
    this.#judge(endpoint, nowMs);
  }

  /**
   * Connecting to an endpoint failed, or took too long. What is lacking on this side, by its `errno`, is not the
   * endpoint's fault and does not count.
   */
  onConnectFailure(endpoint: Endpoint, nowMs: number, errno = 0): void {
    if (!LOCAL_FAILURES.has(errno)) this.#onFailure(endpoint, nowMs);
  }

  /** A connection ended before the response, or in it, and not because of the client. */
  onReset(endpoint: Endpoint, nowMs: number): void {
    this.#onFailure(endpoint, nowMs);
  }

  /**
   * All is well, as far as can be seen: for TCP, where it means a connection that was made. For HTTP only the response
   * tells.
   */
  onSuccess(endpoint: Endpoint): void {
    endpoint.record.resetCounts();
  }

  /** Use those endpoints again whose time is over; they are told to the reporter. */
  reinstate(nowMs: number): void {
    if (nowMs < this.nextReturnMs) return;
    for (const endpoint of this.#ejected) {
      const { record } = endpoint;
      if (nowMs < record.returnMs) continue;
      this.#ejected.delete(endpoint);
      record.isEjected = false;
      record.returnMs = nowMs;
      record.resetCounts();
      this.#reporter.onReinstated(endpoint, nowMs);
    }
    this.#findNextReturn();
  }

  #onFailure(endpoint: Endpoint, nowMs: number): void {
    const { record } = endpoint;
    record.consecutive5xx++;
    record.consecutiveGatewayErrors++;
    record.consecutiveConnectFailures++;
    this.#judge(endpoint, nowMs);
  }

  #judge(endpoint: Endpoint, nowMs: number): void {
    const { record } = endpoint;
    // It may still be answering what was sent before, or be used as there is nothing better.
    if (record.isEjected || endpoint.isRemoved) return;
    const reason = this.#reasonFor(record);
    if (reason === null || !this.#mayEjectOneMore()) return;
    record.isEjected = true;
    record.ejections = this.#ejectionsLeft(endpoint, nowMs) + 1;
    record.resetCounts();
    const durationMs = this.#durationMs(record.ejections);
    record.returnMs = nowMs + durationMs;
    this.#ejected.add(endpoint);
    if (record.returnMs < this.nextReturnMs) this.nextReturnMs = record.returnMs;
    this.#reporter.onEjected(endpoint, reason, durationMs, nowMs);
  }

  #reasonFor(record: Endpoint["record"]): OutlierReason | null {
    const { consecutive5xx, consecutiveGatewayErrors, consecutiveConnectFailures } = this.#options;
    if (isReached(record.consecutiveConnectFailures, consecutiveConnectFailures)) return "connect failures";
    if (isReached(record.consecutiveGatewayErrors, consecutiveGatewayErrors)) return "gateway errors";
    return isReached(record.consecutive5xx, consecutive5xx) ? "5xx" : null;
  }

  #mayEjectOneMore(): boolean {
    const byPercent = Math.floor((this.#endpointCount * this.#options.maximumEjectionPercent) / 100);
    const least = this.#endpointCount >= 2 ? 1 : 0;
    return this.#ejected.size < Math.max(byPercent, least);
  }

  /** How many of the last ejections in a row still count: one less for each time it was good for as long as that. */
  #ejectionsLeft({ record }: Endpoint, nowMs: number): number {
    const { ejectionMs, maximumEjectionMs } = this.#options;
    // More of them would only take longer to make good.
    let left = Math.min(record.ejections, Math.ceil(maximumEjectionMs / Math.max(1, ejectionMs)));
    let goodMs = nowMs - record.returnMs;
    while (left > 0 && goodMs >= this.#durationMs(left)) {
      goodMs -= this.#durationMs(left);
      left--;
    }
    return left;
  }

  #durationMs(ejections: number): number {
    const { ejectionMs, maximumEjectionMs } = this.#options;
    return Math.min(ejectionMs * ejections, maximumEjectionMs);
  }

  #findNextReturn(): void {
    this.nextReturnMs = Number.POSITIVE_INFINITY;
    for (const { record } of this.#ejected) this.nextReturnMs = Math.min(this.nextReturnMs, record.returnMs);
  }
}

/** Descriptors, memory or ports are used up here. */
const LOCAL_FAILURES: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL]);

function isReached(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}
