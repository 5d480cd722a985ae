/**
 * The tries to get a request served: which endpoint, on which connection, and what is sent again after a failure.
 *
 * ```text
 *  pick an endpoint ──> connection: there, being made, or waited for ──> head and body sent ──> response
 *        ^                     │                                             │                    │
 *        └──── next endpoint ──┴──────────────── again, after a wait ────────┴────────────────────┘
 * ```
 *
 * @module
 */
import { isIdempotent } from "../../http/methods.ts";
import { detachLease, type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { Endpoint } from "../endpoint.ts";
import { NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import type { HttpCluster } from "./http_cluster.ts";
import type { HttpProxy } from "./http_proxy.ts";
import { CONNECT_FAILED, NO_ENDPOINT, OVERFLOW, type Reason, UPSTREAM_CLOSED } from "./reasons.ts";
import { hostAndEnd } from "./request_head.ts";
import { type RetryCause, RetryState } from "./retry.ts";
import type { Route } from "./routing/route.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamClient } from "./upstream_client.ts";
import { ACQUIRE_REFUSED, ACQUIRE_WAITING, type UpstreamPool } from "./upstream_pool.ts";

const NONE_TRIED: readonly Endpoint[] = [];

/** What waits are for; the owner keeps the timer. */
export const WAIT_CONNECT = 0;
/** For a connection that another request uses. */
export const WAIT_PENDING = 1;
/** Before the next try. */
export const WAIT_BACK_OFF = 2;

/** The request that is tried. */
export interface AttemptsOwner extends UpstreamClient {
  /** Has the client ended its side? */
  readonly hasClientEnded: boolean;
  /** Start its timer; 0: without limit. */
  wait(purpose: number, delayMs: number): void;
  /** There is no endpoint left to try. */
  onUnserved(reason: Reason): void;
}

/** See the module. Used for one request after the other. */
export class Attempts {
  readonly retry: RetryState = new RetryState();
  /** The connection that serves the request. */
  upstream: Upstream | null = null;
  /** The endpoint that serves it, or is about to. */
  endpoint: Endpoint | null = null;
  cluster: HttpCluster | null = null;
  readonly #proxy: HttpProxy;
  readonly #owner: AttemptsOwner;
  #isHostOfEndpoint = false;
  /** The connection that is being made. */
  #connecting: Upstream | null = null;
  /** Where the request waits for a connection. */
  #pool: UpstreamPool | null = null;
  #tried: Endpoint[] | null = null;
  /** How often connecting failed in the present try. */
  #connectFailures = 0;
  /** By what the endpoint is chosen, if the cluster does so. */
  #hash: number = NO_HASH;
  /** The head to forward, until it can be; then, for as long as the request may be sent again, a second lease of it. */
  #head: Lease | null = null;
  /** The part of the body that came before it could be forwarded. */
  #early: LeaseQueue | null = null;
  /** Was the request sent again already because it crossed the end of an unused connection? */
  #isRepeated = false;

  /** Without a request yet. */
  constructor(proxy: HttpProxy, owner: AttemptsOwner) {
    this.#proxy = proxy;
    this.#owner = owner;
  }

  /** Prepare a request, whose head is given, to the cluster in which it has begun. */
  begin(cluster: HttpCluster, route: Route, head: Lease, hash: number): void {
    const owner = this.#owner;
    this.cluster = cluster;
    this.#head = head;
    this.#hash = hash;
    this.#isHostOfEndpoint = route.isHostOfEndpoint;
    this.#isRepeated = false;
    this.#tried = null;
    this.#connectFailures = 0;
    this.retry.begin(route.options.retry, owner.method, !owner.isRequestComplete);
  }

  /** The head that is sent. */
  get headBytes(): Uint8Array {
    return (this.#head as Lease).bytes();
  }

  /** Pick an endpoint and get a connection to it. */
  acquire(): void {
    const cluster = this.cluster as HttpCluster;
    const { driver, reporter, statistics } = this.#proxy;
    let endpoint = cluster.cluster.pick(this.#tried ?? NONE_TRIED, driver.nowMs, this.#hash);
    const isFirst = this.#connectFailures === 0;
    if (endpoint === null && this.#tried !== null && isFirst) {
      // Better the same endpoint again than none.
      this.#tried = null;
      endpoint = cluster.cluster.pick(NONE_TRIED, driver.nowMs, this.#hash);
    }
    if (endpoint === null) {
      if (!isFirst) {
        if (!this.tryAgain("connect-failure", 0)) this.#owner.onUnserved(CONNECT_FAILED);
        return;
      }
      statistics.add(STATISTIC.upstream_no_endpoint_total, 1);
      reporter.onNoEndpoint(cluster.cluster);
      this.#owner.onUnserved(NO_ENDPOINT);
      return;
    }
    if (isFirst) this.retry.beginTry(driver.nowMs);
    else statistics.add(STATISTIC.upstream_connect_retries_total, 1);
    this.#acquireFrom(cluster, endpoint, this.#owner.isConnect);
  }

  #acquireFrom(cluster: HttpCluster, endpoint: Endpoint, isFresh: boolean): void {
    this.endpoint = endpoint;
    endpoint.activeConnections++;
    this.#pool = cluster.poolFor(endpoint);
    const acquired = this.#pool.acquire(this.#owner, isFresh);
    if (acquired === ACQUIRE_REFUSED) {
      this.#owner.onUnserved(OVERFLOW);
      return;
    }
    if (acquired !== ACQUIRE_WAITING) return;
    this.#detach();
    this.#owner.wait(WAIT_PENDING, cluster.options.pendingTimeoutMs);
  }

  /** It takes a while until the request can be forwarded, and the buffers are for all. */
  #detach(): void {
    if (this.#head !== null) this.#head = detachLease(this.#head);
  }

  /** A connection is being made. */
  onConnecting(upstream: Upstream): void {
    this.#proxy.statistics.add(STATISTIC.upstream_connections_total, 1);
    this.#connecting = upstream;
    this.#detach();
    this.#owner.wait(WAIT_CONNECT, (this.cluster as HttpCluster).options.connectTimeoutMs);
  }

  /** A connection is there. */
  onUpstream(upstream: Upstream): void {
    this.#connecting = null;
    this.#pool = null;
    this.upstream = upstream;
    if (upstream.isReused) this.#proxy.statistics.add(STATISTIC.http_upstream_reuses_total, 1);
  }

  /** Send the head, and what there is of the body. Returns whether anything of it had waited. */
  sendHead(upstream: Upstream): boolean {
    const owner = this.#owner;
    const head = this.#head as Lease;
    const early = this.#early;
    this.#early = null;
    const isRepeatable =
      upstream.isReused && !this.#isRepeated && owner.isRequestComplete && early === null && isIdempotent(owner.method);
    this.#head = isRepeatable || this.retry.isPossible ? head.share() : null;
    upstream.connection.write(head);
    if (this.#isHostOfEndpoint) {
      upstream.connection.write(leaseBytes(hostAndEnd((this.endpoint as Endpoint).name)));
    }
    for (let lease = early?.shift(); lease; lease = early?.shift()) this.#write(upstream, lease);
    return early !== null;
  }

  /** Send bytes of the request's body, or keep them until there is a connection. False: no more for now. */
  send(lease: Lease): boolean {
    if (this.upstream !== null) return this.#write(this.upstream, lease);
    this.#early ??= new LeaseQueue();
    this.#early.push(detachLease(lease));
    return this.#early.bytes <= this.#proxy.driver.connectionOptions.writeHighWatermarkBytes;
  }

  #write(upstream: Upstream, lease: Lease): boolean {
    this.retry.keep(lease);
    return upstream.connection.write(lease);
  }

  /** Connecting takes too long. */
  giveUpConnecting(errno: number): void {
    this.#proxy.statistics.add(STATISTIC.upstream_connect_timeouts_total, 1);
    this.#connecting?.abandon();
    this.onConnectFailed(errno);
  }

  /** Connecting failed: nothing was sent, so that another endpoint can serve any request. */
  onConnectFailed(errno: number): void {
    const { reporter, statistics, driver } = this.#proxy;
    const { options, cluster } = this.cluster as HttpCluster;
    const endpoint = this.endpoint as Endpoint;
    this.#connecting = null;
    this.leaveEndpoint();
    statistics.add(STATISTIC.upstream_connect_failures_total, 1);
    reporter.onConnectFailed(endpoint, errno);
    cluster.outliers?.onConnectFailure(endpoint, driver.nowMs, errno);
    this.#avoid(endpoint);
    if (++this.#connectFailures < options.connectAttempts) {
      this.acquire();
      return;
    }
    if (!this.tryAgain("connect-failure", 0)) this.#owner.onUnserved(CONNECT_FAILED);
  }

  /** The response has that status. Is the request sent again instead of passing it on? */
  onStatus(status: number): boolean {
    const { outliers } = (this.cluster as HttpCluster).cluster;
    if (this.endpoint !== null) outliers?.onResponse(this.endpoint, status, this.#proxy.driver.nowMs);
    return this.retry.isPossible && this.tryAgain("status", status);
  }

  /** No response came in time, which counts as one with that status. Is the request sent again? */
  onTimeout(status: number): boolean {
    const { outliers } = (this.cluster as HttpCluster).cluster;
    if (this.endpoint !== null) outliers?.onResponse(this.endpoint, status, this.#proxy.driver.nowMs);
    return this.tryAgain("timeout", 0);
  }

  /** The connection ended in the response. */
  onCutShort(): void {
    if (this.endpoint !== null) this.cluster?.cluster.outliers?.onReset(this.endpoint, this.#proxy.driver.nowMs);
    this.upstream = null;
    this.leaveEndpoint();
  }

  /** The connection ended before the response, or that is not valid. Is the request sent again? */
  onFailed(reason: Reason): boolean {
    const { upstream, endpoint, cluster } = this;
    const owner = this.#owner;
    this.upstream = null;
    this.leaveEndpoint();
    if (endpoint === null || cluster === null) return false;
    const isUnanswered = upstream?.hasAnswered === false;
    // The endpoint closed a connection that was not in use, and the request crossed it: no other explanation is left
    // for a connection that was used before and said nothing at all (RFC 9110 section 9.2.2).
    const isCrossed = isUnanswered && upstream.isReused && !this.#isRepeated && isIdempotent(owner.method);
    // The head is there only if all is that was sent, unless the body turned out to be too long.
    if (isCrossed && this.#head !== null && this.retry.isWhole) {
      this.#proxy.statistics.add(STATISTIC.http_upstream_retries_total, 1);
      this.#isRepeated = true;
      this.#early = this.retry.takeSent(this.#early);
      this.#acquireFrom(cluster, endpoint, true);
      return true;
    }
    cluster.cluster.outliers?.onReset(endpoint, this.#proxy.driver.nowMs);
    this.#avoid(endpoint);
    return this.tryAgain(isUnanswered && reason === UPSTREAM_CLOSED ? "reset" : "invalid", 0);
  }

  /** The next try goes to another endpoint, if there is one. */
  #avoid(endpoint: Endpoint): void {
    this.#tried ??= [];
    if (!this.#tried.includes(endpoint)) this.#tried.push(endpoint);
  }

  /** Send the request again, if its route wants that for this cause and it can be done. */
  tryAgain(cause: RetryCause, status: number): boolean {
    if (this.#head === null || this.cluster === null || this.#owner.hasClientEnded) return false;
    if (!this.retry.isWanted(cause, status)) return false;
    const { statistics } = this.#proxy;
    if (!this.retry.beginAgain(this.cluster)) {
      statistics.add(STATISTIC.http_upstream_retries_refused_total, 1);
      return false;
    }
    statistics.add(STATISTIC.http_upstream_retries_total, 1);
    this.#connectFailures = 0;
    if (this.endpoint !== null) this.#avoid(this.endpoint);
    this.#stopTrying();
    this.#early = this.retry.takeSent(this.#early);
    this.#detach();
    const backOffMs = this.retry.backOffMs(this.#proxy.random());
    if (backOffMs > 0) this.#owner.wait(WAIT_BACK_OFF, backOffMs);
    else this.acquire();
    return true;
  }

  /** Let go of the endpoint and of what belongs to the present try. */
  #stopTrying(): void {
    this.upstream?.abandon();
    this.upstream = null;
    this.#connecting?.abandon();
    this.#connecting = null;
    this.#pool?.forget(this.#owner);
    this.#pool = null;
    this.leaveEndpoint();
  }

  /** The request will not be sent again. */
  forget(): void {
    this.#head?.release();
    this.#head = null;
    this.retry.end();
  }

  /** The endpoint has nothing to do with the request any more. */
  leaveEndpoint(): void {
    if (this.endpoint !== null) this.endpoint.activeConnections--;
    this.endpoint = null;
  }

  /** The request is over, or not wanted any more. */
  end(): void {
    this.#stopTrying();
    this.forget();
    this.#early?.clear();
    this.#early = null;
    this.cluster?.end();
    this.cluster = null;
  }
}
