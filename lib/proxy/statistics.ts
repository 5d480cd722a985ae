/**
 * What a worker counts. The numbers stand in memory that the main thread reads at any time.
 *
 * @module
 */

/** Every number by its name, and what it counts. Dashboards depend on the names, so they never change. */
export const STATISTIC_MEANINGS = {
  downstream_connections_total: "Connections of clients that were accepted.",
  downstream_connections_active: "Connections of clients that are open.",
  downstream_bytes_received_total: "Bytes from clients, counted when a connection ends.",
  downstream_bytes_sent_total: "Bytes to clients, counted when a connection ends.",
  downstream_resets_total: "Connections of clients that ended with an error.",
  downstream_accept_errors_total: "Accepts that failed, such as for want of descriptors.",
  downstream_idle_timeouts_total: "Connections, bodies and tunnels that stood still for too long.",
  upstream_connections_total: "Connections to endpoints that were made.",
  upstream_connect_failures_total:
    "Connections to endpoints that could not be made, those that took too long included.",
  upstream_connect_timeouts_total: "Connections to endpoints that took too long to be made.",
  upstream_connect_retries_total: "Further endpoints that were tried as connecting to one had failed.",
  upstream_no_endpoint_total: "Connections and requests for which a cluster had no endpoint.",
  upstream_resets_total: "TCP: connections of endpoints that ended with an error.",
  http_requests_total: "Requests, those whose head was not valid or took too long included.",
  http_requests_active: "Requests that are under way.",
  http_responses_2xx_total:
    "Responses with a status of 200 to 299; as in the next three, those that the proxy made are among them.",
  http_responses_3xx_total: "Responses with a status of 300 to 399.",
  http_responses_4xx_total: "Responses with a status of 400 to 499.",
  http_responses_5xx_total: "Responses with a status of 500 or more.",
  http_local_replies_total: "Responses that the proxy, a route or a filter made.",
  http_responses_cut_short_total: "Responses that had begun and could not be completed.",
  http_requests_aborted_total: "Requests under way whose client's connection ended with an error.",
  http_upgrades_total: "Responses with 101: tunnels, such as WebSockets.",
  http_upstream_reuses_total: "Requests on a connection to an endpoint that had been used before.",
  http_upstream_retries_total: "Requests that were sent again, each time.",
  http_upstream_retries_refused_total: "Requests that were not sent again, as the cluster's retry budget was used up.",
  http_upstream_errors_total: "Exchanges that an endpoint broke off, or answered with what is not valid.",
  http_mirrored_requests_total: "Copies of requests that were sent to another cluster.",
  http_reason_dpe_total: "Requests that break a rule of HTTP or a limit (`DPE`).",
  http_reason_mr_total: "Requests with a method that is not forwarded (`MR`).",
  http_reason_mf_total: "OPTIONS requests for this hop, with `Max-Forwards: 0` (`MF`).",
  http_reason_rht_total: "Requests whose head took too long (`RHT`).",
  http_reason_si_total: "Bodies that stood still for too long (`SI`).",
  http_reason_uf_total: "Requests for which no endpoint could be connected to (`UF`).",
  http_reason_uc_total: "Requests whose endpoint ended the connection before its response was complete (`UC`).",
  http_reason_upe_total: "Responses of endpoints that are not valid (`UPE`).",
  http_reason_uh_total: "Requests to a cluster without an endpoint (`UH`).",
  http_reason_uo_total: "Requests above a limit of the cluster, or that waited too long for a connection (`UO`).",
  http_reason_ut_total: "Requests that an endpoint did not answer in time (`UT`).",
  http_reason_nr_total: "Requests that no route matches (`NR`).",
  http_reason_rw_total: "Requests of which a route's rewrite or redirect made what is not valid (`RW`).",
  http_reason_dr_total: "Redirects and responses of routes (`DR`).",
  http_reason_om_total: "Requests that were refused as the worker was overloaded (`OM`).",
  http_reason_fr_total: "Responses of filters (`FR`).",
  http_reason_fe_total: "Requests in which a filter threw (`FE`).",
  http_reason_ft_total: "Requests in which a filter took too long (`FT`).",
  http_reason_bl_total: "Bodies that were too long for the filter that wanted all of them (`BL`).",
  http_reason_dc_total: "Requests whose client went away before the response was complete (`DC`).",
  outlier_ejections_total: "Endpoints that were left out because of what they answered, each time.",
  outlier_ejected_active: "Endpoints that are left out now; each worker counts its own.",
  http_overload_refusals_total: "Requests that were answered with 503 as the worker was overloaded.",
  overload_active: "Workers that are overloaded now.",
  overload_pauses_total: "How often a worker stopped accepting connections as it was overloaded.",
} as const;

/** The name of a number. */
export type StatisticName = keyof typeof STATISTIC_MEANINGS;

/** The names of all numbers, in the order in which they stand in memory. */
export const STATISTICS: readonly StatisticName[] = Object.keys(STATISTIC_MEANINGS) as StatisticName[];

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
