/**
 * A cluster as HTTP uses it on one worker: its connections, which all listeners share, and how much of it is in use.
 *
 * @module
 */
import type { Driver } from "../../net/driver.ts";
import type { Cluster } from "../cluster.ts";
import type { Endpoint } from "../endpoint.ts";
import { ascii } from "./bytes.ts";
import type { HttpClusterOptions } from "./options.ts";
import { UpstreamPool } from "./upstream_pool.ts";

/** See the module. */
export class HttpCluster {
  readonly cluster: Cluster;
  readonly driver: Driver;
  readonly options: HttpClusterOptions;
  /** Its name, as the host of requests that have none. */
  readonly nameBytes: Uint8Array;
  readonly #pools = new Map<Endpoint, UpstreamPool>();
  #activeRequests = 0;
  #activeRetries = 0;
  #isDraining = false;

  /** A cluster without connections. */
  constructor(driver: Driver, cluster: Cluster, options: HttpClusterOptions) {
    this.driver = driver;
    this.cluster = cluster;
    this.nameBytes = ascii(cluster.name);
    this.options = options;
  }

  /** Are connections without a request closed? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Requests that are under way. */
  get activeRequests(): number {
    return this.#activeRequests;
  }

  /** Requests that are being sent again. */
  get activeRetries(): number {
    return this.#activeRetries;
  }

  /** Begin a request. False: too many are under way. */
  begin(): boolean {
    const { maximumRequests } = this.options;
    if (maximumRequests > 0 && this.#activeRequests >= maximumRequests) return false;
    this.#activeRequests++;
    return true;
  }

  /** A request that had begun is over. */
  end(): void {
    this.#activeRequests--;
  }

  /** Begin to send a request again. False: too many are sent again already. */
  beginRetry(): boolean {
    const { maximumRetries, retryBudget } = this.options;
    const budget = Math.max(retryBudget.minimum, (this.#activeRequests * retryBudget.percent) / 100);
    if (this.#activeRetries >= budget || (maximumRetries > 0 && this.#activeRetries >= maximumRetries)) return false;
    this.#activeRetries++;
    return true;
  }

  /** The retry is over. */
  endRetry(): void {
    this.#activeRetries--;
  }

  /** The connections to an endpoint. */
  poolFor(endpoint: Endpoint): UpstreamPool {
    let pool = this.#pools.get(endpoint);
    if (pool === undefined) {
      pool = new UpstreamPool(this, endpoint);
      this.#pools.set(endpoint, pool);
    }
    return pool;
  }

  /** @internal A pool has no connection left; if its endpoint is gone, it is not needed again. */
  onPoolEmpty(pool: UpstreamPool): void {
    if (!this.cluster.endpoints.includes(pool.endpoint)) this.#pools.delete(pool.endpoint);
  }

  /** The endpoints changed: connections without a request to those that are gone are closed. */
  onEndpoints(): void {
    for (const [endpoint, pool] of this.#pools) {
      if (this.cluster.endpoints.includes(endpoint)) continue;
      pool.closeIdle();
      if (pool.isEmpty) this.#pools.delete(endpoint);
    }
  }

  /** The worker is about to end: close connections as soon as they have no request. */
  drain(): void {
    this.#isDraining = true;
    for (const pool of this.#pools.values()) pool.closeIdle();
  }
}
