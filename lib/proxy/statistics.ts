/**
 * What a worker counts. The numbers stand in memory that the main thread reads at any time.
 *
 * @module
 */

/** The name of every number; dashboards depend on these, so they never change. */
export const STATISTICS = [
  "downstream_connections_total",
  "downstream_connections_active",
  "downstream_bytes_received_total",
  "downstream_bytes_sent_total",
  "downstream_resets_total",
  "downstream_accept_errors_total",
  "downstream_idle_timeouts_total",
  "upstream_connections_total",
  "upstream_connect_failures_total",
  "upstream_connect_timeouts_total",
  "upstream_connect_retries_total",
  "upstream_no_endpoint_total",
  "upstream_resets_total",
  "http_requests_total",
  "http_requests_active",
  "http_responses_2xx_total",
  "http_responses_3xx_total",
  "http_responses_4xx_total",
  "http_responses_5xx_total",
  "http_local_replies_total",
  "http_responses_cut_short_total",
  "http_requests_aborted_total",
  "http_upgrades_total",
  "http_upstream_reuses_total",
  "http_upstream_retries_total",
  "http_upstream_retries_refused_total",
  "http_upstream_errors_total",
  "outlier_ejections_total",
  "outlier_ejected_active",
] as const;

/** The name of a number. */
export type StatisticName = (typeof STATISTICS)[number];

/** The numbers of one worker. */
export class Statistics {
  /** The memory, to be shared with another thread. */
  readonly memory: SharedArrayBuffer;
  readonly #values: Float64Array;

  /** New numbers, all zero, or those in another thread's memory. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(STATISTICS.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#values = new Float64Array(memory);
  }

  /** Add to a number. */
  add(index: number, amount: number): void {
    this.#values[index] = (this.#values[index] as number) + amount;
  }

  /** Set a number. */
  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** All numbers by their names. */
  read(): Record<StatisticName, number> {
    return Object.fromEntries(STATISTICS.map((name, index) => [name, this.#values[index]])) as Record<
      StatisticName,
      number
    >;
  }
}

/** Where each number is. */
export const STATISTIC: Readonly<Record<StatisticName, number>> = Object.fromEntries(
  STATISTICS.map((name, index) => [name, index]),
) as Record<StatisticName, number>;
