/**
 * How a cluster chooses among its endpoints, and which of them it leaves out. Plain data: it is sent to workers.
 *
 * @module
 */

/**
 * How connections, or requests, are spread over endpoints. All go by weight.
 *
 * - `round-robin`: one after the other.
 * - `least-connections`: the one with the fewest connections (HTTP: requests) per weight.
 * - `least-request`: the less busy one of two random ones; for many endpoints or many workers.
 * - `random`: any.
 * - `ring-hash`: the same hash, the same endpoint, as far as endpoints come and go.
 * - `maglev`: the same, more evenly, but a little more moves when endpoints come and go.
 */
export type BalancerName = "round-robin" | "least-connections" | "least-request" | "random" | "ring-hash" | "maglev";

/** A balancer of one's own, see `Balancer` in `balancers/balancer.ts`. Each worker imports it. */
export interface CustomBalancer {
  /** The URL of the module whose default export it is, a class. */
  readonly module: string;
  /** What the class is given. It can be sent to another thread, as by `structuredClone`. */
  readonly options: Readonly<Record<string, unknown>>;
}

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
  /** The longest time, in milliseconds. */
  readonly maximumEjectionMs: number;
  /** Part of the endpoints, in percent, that may be left out at the same time; one always may, if there is another. */
  readonly maximumEjectionPercent: number;
}

/** How a cluster chooses among its endpoints. */
export interface ClusterOptions {
  /** How connections, or requests, are spread over endpoints. */
  readonly balancer: BalancerName | CustomBalancer;
  /**
   * For how long, in milliseconds, the share of an endpoint grows that is new, healthy again, or was left out: from a
   * tenth of its weight to all of it; 0: at once. Not for the balancers `ring-hash` and `maglev`, whose hashes would
   * move all the time, nor for the endpoints that a cluster begins with.
   */
  readonly slowStartMs: number;
  /**
   * With less than this part of the endpoints, in percent, neither unhealthy nor left out, all are used: better some
   * failures than all the load on a few. The others are also used when all that are good were tried in vain. 0:
   * never, not even if no endpoint is left.
   */
  readonly panicThresholdPercent: number;
  /** `null`: none is left out. */
  readonly outliers: OutlierOptions | null;
}

/** One endpoint after the other; none is left out. */
export const defaultClusterOptions: ClusterOptions = {
  balancer: "round-robin",
  slowStartMs: 0,
  panicThresholdPercent: 50,
  outliers: null,
};
