/**
 * A load balancer of one's own: the interface that a module's class implements.
 *
 * @module
 */
import type { SocketAddress } from "../../net/address.ts";

/** A server of a cluster, as one worker sees it. It is the same object as long as it is in the cluster. */
export interface BalancerEndpoint {
  /** The address as text: `127.0.0.1:80`, `[::1]:80` or `unix:/path`. */
  readonly name: string;
  /** The address. */
  readonly address: SocketAddress;
  /** Its share beside the others', as it is configured, 1 to 1000. */
  readonly weight: number;
  /**
   * What it has to do for this worker now: connections over TCP, requests over HTTP; those that wait for a connection
   * to it are counted.
   */
  readonly activeConnections: number;
}

/** What there is to choose from. The object is used again for the next choice: take out of it what is to be kept. */
export interface BalancerChoice {
  /**
   * The endpoints that may be picked, at least one: neither unhealthy, nor left out as outliers, nor tried already
   * for this connection or request. It is the same list as long as these have not changed, unless some were tried.
   */
  readonly endpoints: readonly BalancerEndpoint[];
  /** The share of each of them now, in their order: its weight, or in a slow start less, down to a tenth of it. */
  readonly weights: ArrayLike<number>;
  /** Those that were tried already for this connection or request, the first one first. */
  readonly tried: readonly BalancerEndpoint[];
  /**
   * What the connection or request has in common with others that should go to the same endpoint, 0 to 2^32 - 1: a
   * hash of what the route's `hash` says, or of a TCP client's address. `null`: there is none.
   */
  readonly hash: number | null;
}

/**
 * Chooses the endpoint for a connection or a request. Each worker makes one for each cluster that names the module,
 * which sees what its worker does and nothing else.
 *
 * The module's default export is the class; its constructor gets a {@linkcode BalancerContext}.
 *
 * @example
 * ```ts types
 * import type { Balancer, BalancerChoice, BalancerContext, BalancerEndpoint } from "@ringway/proxy";
 *
 * // my_balancer.ts: in a configuration, `balancer: { module: ./my_balancer.ts, options: { most: 10 } }`.
 * export default class FirstFree implements Balancer {
 *   readonly #most: number;
 *
 *   constructor({ options }: BalancerContext) {
 *     this.#most = Number(options["most"] ?? 100);
 *   }
 *
 *   pick({ endpoints }: BalancerChoice): BalancerEndpoint | null {
 *     return endpoints.find(({ activeConnections }) => activeConnections < this.#most) ?? null;
 *   }
 * }
 * ```
 */
export interface Balancer {
  /**
   * One of the endpoints of the choice, at once, or `null` for none of them: over HTTP the answer is 503 then, over
   * TCP the connection is closed. So it is when it throws or returns anything else, which the log tells.
   */
  pick(choice: BalancerChoice): BalancerEndpoint | null;
}

/** What a balancer is made with. */
export interface BalancerContext {
  /** The cluster's name. */
  readonly cluster: string;
  /** The number of the worker, from 0: workers had better not all choose the same endpoint first. */
  readonly worker: number;
  /** How many workers there are. */
  readonly workers: number;
  /** The configuration's `options`, a copy; empty without any. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What the module's default export is. */
export type BalancerClass = new (context: BalancerContext) => Balancer;
