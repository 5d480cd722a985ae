/**
 * How a cluster chooses among its endpoints, and which of them it leaves out. Plain data: it is sent to workers.
 *
 * @module
 */

/** How connections, or requests, are spread over endpoints. */
export type BalancerName = "round-robin" | "least-connections" | "least-request" | "random" | "ring-hash" | "maglev";

/**
 * When an endpoint is left out for a while because of what it answers (passive health checking). Each worker sees its
 * own part of the answers and decides for itself.
 */
export interface OutlierOptions {
  /** Responses with 5xx in a row, failed connections and cut responses included; 0: never. */
  readonly consecutive5xx: number;
  /** 502, 503 and 504, failed connections and cut responses in a row; 0: never. */
  readonly consecutiveGatewayErrors: number;
  /** Failed connections and connections that end before the response, in a row; 0: never. */
  readonly consecutiveConnectFailures: number;
  /** How long it is left out at first, in milliseconds; this many times as long after as many times in a row. */
  readonly ejectionMs: number;
  /** The longest time. */
  readonly maximumEjectionMs: number;
  /** Part of the endpoints, in percent, that may be left out at the same time; one always may, if there is another. */
  readonly maximumEjectionPercent: number;
}

/** How a cluster chooses among its endpoints. */
export interface ClusterOptions {
  readonly balancer: BalancerName;
  /** For how long, in milliseconds, the share of an endpoint that is new or healthy again grows; 0: at once. */
  readonly slowStartMs: number;
  /**
   * With less than this part of the endpoints, in percent, neither unhealthy nor left out, all are used: better some
   * failures than all the load on a few. 0: never.
   */
  readonly panicThresholdPercent: number;
  /** `null`: none is left out. */
  readonly outliers: OutlierOptions | null;
}
