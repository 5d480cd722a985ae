/**
 * A copy of a request, sent to another cluster; what comes back is dropped. It never holds the request itself up.
 *
 * @module
 */
import type { Head } from "../../http/head.ts";
import type { HttpLimits } from "../../http/limits.ts";
import { type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { Endpoint } from "../endpoint.ts";
import { NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { LazyTimer } from "./lazy_timer.ts";
import { hostAndEnd } from "./request_head.ts";
import { BODY_UNFRAMED } from "./response_head.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamClient } from "./upstream_client.ts";
import { ACQUIRE_REFUSED, type UpstreamPool } from "./upstream_pool.ts";

/** Of the request that is copied. */
export interface Mirrored {
  readonly method: number;
  readonly limits: HttpLimits;
  readonly isRequestComplete: boolean;
}

/** See the module. */
export class Mirror implements UpstreamClient {
  readonly lender: HttpProxy;
  readonly limits: HttpLimits;
  readonly method: number;
  readonly isUpgrade = false;
  readonly isConnect = false;
  readonly bodyMode: number = BODY_UNFRAMED;
  isRequestComplete: boolean;
  readonly #proxy: HttpProxy;
  readonly #cluster: HttpCluster;
  readonly #endpoint: Endpoint;
  readonly #head: Uint8Array;
  readonly #isHostOfEndpoint: boolean;
  readonly #waiting: LeaseQueue = new LeaseQueue();
  readonly #timer: LazyTimer;
  #pool: UpstreamPool | null = null;
  #connecting: Upstream | null = null;
  #upstream: Upstream | null = null;
  #isOver = false;

  private constructor(
    proxy: HttpProxy,
    cluster: HttpCluster,
    endpoint: Endpoint,
    request: Mirrored,
    head: Uint8Array,
    isHostOfEndpoint: boolean,
  ) {
    this.lender = proxy;
    this.#proxy = proxy;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.method = request.method;
    this.limits = request.limits;
    this.isRequestComplete = request.isRequestComplete;
    this.#head = head;
    this.#isHostOfEndpoint = isHostOfEndpoint;
    this.#timer = new LazyTimer(proxy.driver, () => this.#giveUp());
  }

  /** Send the copy of a request, whose head is given; `null` if the cluster can't take it. */
  static start(
    proxy: HttpProxy,
    cluster: HttpCluster,
    request: Mirrored,
    head: Uint8Array,
    isHostOfEndpoint: boolean,
  ): Mirror | null {
    const endpoint = cluster.cluster.pick([], proxy.driver.nowMs, NO_HASH);
    if (endpoint === null || !cluster.begin()) return null;
    proxy.statistics.add(STATISTIC.http_mirrored_requests_total, 1);
    const mirror = new Mirror(proxy, cluster, endpoint, request, head, isHostOfEndpoint);
    endpoint.activeConnections++;
    mirror.#touch();
    mirror.#pool = cluster.poolFor(endpoint);
    if (mirror.#pool.acquire(mirror, false) === ACQUIRE_REFUSED) mirror.#giveUp();
    return mirror;
  }

  /** A part of the request's body, of which a copy is taken. */
  forward(lease: Lease): void {
    if (this.#isOver) return;
    const copy = leaseBytes(lease.bytes().slice());
    const queued = this.#waiting.bytes + (this.#upstream?.connection.queuedBytes ?? 0);
    // The copy is worth less than the memory that it would need.
    if (queued > this.#proxy.driver.connectionOptions.writeHighWatermarkBytes) {
      this.#giveUp();
      return;
    }
    this.#touch();
    if (this.#upstream === null) this.#waiting.push(copy);
    else this.#upstream.connection.write(copy);
  }

  /** The request is complete, or over. */
  end(isComplete: boolean): void {
    if (isComplete) this.isRequestComplete = true;
    else if (!this.isRequestComplete) this.#giveUp();
  }

  onConnecting(upstream: Upstream): void {
    this.#proxy.statistics.add(STATISTIC.upstream_connections_total, 1);
    this.#connecting = upstream;
  }

  onUpstream(upstream: Upstream): void {
    this.#connecting = null;
    this.#upstream = upstream;
    upstream.connection.write(leaseBytes(this.#head));
    if (this.#isHostOfEndpoint) upstream.connection.write(leaseBytes(hostAndEnd(this.#endpoint.name)));
    for (let lease = this.#waiting.shift(); lease !== null; lease = this.#waiting.shift()) {
      upstream.connection.write(lease);
    }
  }

  onConnectFailed(errno: number): void {
    const { driver, statistics } = this.#proxy;
    this.#connecting = null;
    statistics.add(STATISTIC.upstream_connect_failures_total, 1);
    this.#cluster.cluster.outliers?.onConnectFailure(this.#endpoint, driver.nowMs, errno);
    this.#giveUp();
  }

  onInterimHead(): void {}

  onHead(head: Head): number {
    this.#cluster.cluster.outliers?.onResponse(this.#endpoint, head.status, this.#proxy.driver.nowMs);
    this.#touch();
    return 0;
  }

  write(lease: Lease): boolean {
    this.#touch();
    lease.release();
    return true;
  }

  onUpstreamDrained(): void {}

  onResponseComplete(): void {
    this.#upstream = null;
    this.#giveUp();
  }

  onUpstreamFailed(): void {
    this.#upstream = null;
    this.#giveUp();
  }

  /** Not asked for. */
  onUpgrade(): void {
    this.#giveUp();
  }

  onUpstreamEnd(): void {}

  #touch(): void {
    const { responseTimeoutMs } = this.#proxy.options;
    if (responseTimeoutMs > 0) this.#timer.start(responseTimeoutMs);
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.close();
    this.#waiting.clear();
    this.#pool?.forget(this);
    this.#connecting?.abandon();
    this.#upstream?.abandon();
    this.#endpoint.activeConnections--;
    this.#cluster.end();
  }
}
