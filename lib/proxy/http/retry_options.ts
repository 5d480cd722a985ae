/**
 * When a request is sent again. Plain data: it is sent to workers.
 *
 * @module
 */

/**
 * What is a reason to send a request again.
 *
 * - `connect-failure`: no connection could be made; nothing was sent.
 * - `reset`: the connection ended before any part of the response.
 * - `timeout`: the time for one try is over ({@linkcode RetryOptions.perTryTimeoutMs}).
 * - `gateway-error`: 502, 503 or 504.
 * - `5xx`: any status of 500 or more, and `reset` and `timeout`.
 * - `conflict`: 409.
 */
export type RetryCondition = "connect-failure" | "reset" | "timeout" | "gateway-error" | "5xx" | "conflict";

/** When a request is sent again. */
export interface RetryOptions {
  /** The reasons. */
  readonly on: readonly RetryCondition[];
  /** Further statuses that are a reason. */
  readonly statuses: readonly number[];
  /** How often a request is sent again, at the most. */
  readonly attempts: number;
  /**
   * Are requests sent again whose method is not idempotent (RFC 9110 section 9.2.2)? Such a request may then take
   * effect twice.
   */
  readonly isForAllMethods: boolean;
  /** How long one try may take until the head of its response; 0: as long as the request as a whole. */
  readonly perTryTimeoutMs: number;
  /** The wait before the second try; a random part of it, doubled for each further one (full jitter). 0: none. */
  readonly backOffMs: number;
  /** The longest wait. */
  readonly maximumBackOffMs: number;
  /** Bytes of a request's body that are kept to be sent again; a longer one is sent once. */
  readonly bodyBytes: number;
}

/** How many requests may be sent again at the same time: without a bound retries multiply an overload. */
export interface RetryBudget {
  /** In percent of the requests that are under way. */
  readonly percent: number;
  /** But always this many. */
  readonly minimum: number;
}
