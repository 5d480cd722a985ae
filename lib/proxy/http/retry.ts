/**
 * Whether, when and with what a request is sent again.
 *
 * @module
 */
import { isIdempotent } from "../../http/methods.ts";
import { type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { RetryCondition, RetryOptions } from "./retry_options.ts";

/** What went wrong: a condition of {@linkcode RetryOptions}, a status, or a response that is not valid. */
export type RetryCause = "connect-failure" | "reset" | "timeout" | "status" | "invalid";

/** Doubling more often than this says nothing more. */
const MOST_DOUBLINGS = 16;

/** The retries of one request; used again for the next one. */
export class RetryState {
  /** How often the request was sent again. */
  count = 0;
  /** When the present try is over, on the driver's clock. */
  deadlineMs: number = Number.POSITIVE_INFINITY;
  #options: RetryOptions | null = null;
  /** May the method be sent again once an endpoint may have seen it? */
  #isSafe = false;
  /** Is all of the body that was sent also kept? */
  isWhole = true;
  #hasBody = false;
  /** The body's part that was sent. */
  #sent: LeaseQueue | null = null;
  /** The cluster in which the present try counts as a retry. */
  #cluster: HttpCluster | null = null;

  /** A new request; `null`: it is not sent again. */
  begin(options: RetryOptions | null, method: number, hasBody: boolean): void {
    this.count = 0;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#options = options;
    this.isWhole = true;
    this.#hasBody = hasBody;
    if (options !== null) this.#isSafe = options.isForAllMethods || isIdempotent(method);
  }

  /** Could the request, as far as it was sent, be sent again? */
  get isPossible(): boolean {
    return this.#options !== null && this.isWhole && this.count < this.#options.attempts;
  }

  /** A try begins. */
  beginTry(nowMs: number): void {
    const perTryTimeoutMs = this.#options?.perTryTimeoutMs ?? 0;
    this.deadlineMs = perTryTimeoutMs > 0 ? nowMs + perTryTimeoutMs : Number.POSITIVE_INFINITY;
  }

  /** A part of the body is about to be sent. */
  keep(lease: Lease): void {
    const options = this.#options;
    if (options === null || !this.#hasBody || !this.isPossible || !this.#isSafe) return;
    this.#sent ??= new LeaseQueue();
    if (this.#sent.bytes + lease.length > options.bodyBytes) {
      this.isWhole = false;
      this.#sent.clear();
      return;
    }
    this.#sent.push(leaseBytes(lease.bytes().slice()));
  }

  /** The body's part that was sent, with what was not sent yet behind it. */
  takeSent(unsent: LeaseQueue | null): LeaseQueue | null {
    const sent = this.#sent;
    this.#sent = null;
    if (sent === null || sent.head === null) return unsent;
    for (let lease = unsent?.shift(); lease; lease = unsent?.shift()) sent.push(lease);
    return sent;
  }

  /** Is the request to be sent again for this? `status`: that of the response, for the cause `status`. */
  isWanted(cause: RetryCause, status: number): boolean {
    const options = this.#options;
    if (options === null || !this.isPossible) return false;
    if (cause === "connect-failure") return options.on.includes("connect-failure") || options.on.includes("5xx");
    if (!this.#isSafe) return false;
    if (cause !== "status") return options.on.includes("5xx") || (cause !== "invalid" && options.on.includes(cause));
    return options.statuses.includes(status) || options.on.some((condition) => isMeant(condition, status));
  }

  /** Send it again, if the cluster has room for it. */
  beginAgain(cluster: HttpCluster): boolean {
    this.#leaveCluster();
    if (!cluster.beginRetry()) return false;
    this.#cluster = cluster;
    this.count++;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** How long to wait before it is sent again; `random`: from 0 to 1. */
  backOffMs(random: number): number {
    if (this.#options === null) return 0;
    const { backOffMs, maximumBackOffMs } = this.#options;
    const longestMs = backOffMs * 2 ** Math.min(this.count - 1, MOST_DOUBLINGS);
    return Math.round(Math.min(longestMs, maximumBackOffMs) * random);
  }

  /** The request will not be sent again. */
  end(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.#options = null;
    this.#sent?.clear();
    this.#sent = null;
    this.#leaveCluster();
  }

  #leaveCluster(): void {
    this.#cluster?.endRetry();
    this.#cluster = null;
  }
}

function isMeant(condition: RetryCondition, status: number): boolean {
  switch (condition) {
    case "5xx":
      return status >= 500;
    case "gateway-error":
      return status >= 502 && status <= 504;
    case "conflict":
      return status === 409;
    default:
      return false;
  }
}
