/**
 * Connections to one endpoint: kept for the next request, made when there is none, waited for when there are enough.
 *
 * @module
 */
import { Timer } from "../../ring/timer_wheel.ts";
import type { Endpoint } from "../endpoint.ts";
import type { HttpCluster } from "./http_cluster.ts";
import { Upstream } from "./upstream.ts";
import type { UpstreamClient } from "./upstream_client.ts";

/** Too many requests wait already. */
export const ACQUIRE_REFUSED = 0;
/** The request has a connection, or one that is being made. */
export const ACQUIRE_BEGUN = 1;
/** It waits for one. */
export const ACQUIRE_WAITING = 2;

/** One worker's connections to one endpoint. */
export class UpstreamPool {
  readonly cluster: HttpCluster;
  readonly endpoint: Endpoint;
  /** Without a request; the one used last is at the end, and is used next, so that the others can age. */
  readonly #idle: Upstream[] = [];
  /** Requests that wait for a connection, the longest waiting first. */
  readonly #waiting: UpstreamClient[] = [];
  readonly #sweepTimer: Timer;
  #count = 0;

  constructor(cluster: HttpCluster, endpoint: Endpoint) {
    this.cluster = cluster;
    this.endpoint = endpoint;
    this.#sweepTimer = new Timer(() => this.#sweep());
  }

  /** Connections, those being made included. */
  get connectionCount(): number {
    return this.#count;
  }

  /** Is nothing left of it? */
  get isEmpty(): boolean {
    return this.#count === 0 && this.#waiting.length === 0;
  }

  /**
   * A connection for a request. It is told of it now, or later; `isFresh`: not one that another request used. Returns
   * an `ACQUIRE_` number.
   */
  acquire(client: UpstreamClient, isFresh: boolean): number {
    if (!isFresh) {
      for (let upstream = this.#idle.pop(); upstream !== undefined; upstream = this.#idle.pop()) {
        if (upstream.connection.isClosed) continue;
        upstream.begin(client);
        return ACQUIRE_BEGUN;
      }
    }
    const { options } = this.cluster;
    if (this.#count < options.upstreamConnections) {
      this.#count++;
      new Upstream(this, client);
      return ACQUIRE_BEGUN;
    }
    if (this.#waiting.length >= options.pendingRequests) return ACQUIRE_REFUSED;
    this.#waiting.push(client);
    return ACQUIRE_WAITING;
  }

  /** A request does not wait any more. */
  forget(client: UpstreamClient): void {
    const index = this.#waiting.indexOf(client);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  /** A connection can take the next request. */
  release(upstream: Upstream): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      upstream.begin(next);
      return;
    }
    if (this.cluster.isDraining) {
      upstream.connection.close();
      return;
    }
    this.#idle.push(upstream);
    const { driver, options } = this.cluster;
    if (options.upstreamIdleTimeoutMs > 0 && !this.#sweepTimer.isStarted) {
      driver.startTimer(this.#sweepTimer, options.upstreamIdleTimeoutMs);
    }
  }

  /** A connection is gone. */
  onClosed(upstream: Upstream): void {
    this.#count--;
    const index = this.#idle.indexOf(upstream);
    if (index >= 0) this.#idle.splice(index, 1);
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#count++;
      new Upstream(this, next);
    }
    if (this.isEmpty) this.cluster.onPoolEmpty(this);
  }

  /** Close all connections without a request. */
  closeIdle(): void {
    for (const upstream of this.#idle.splice(0)) upstream.connection.close();
    this.cluster.driver.stopTimer(this.#sweepTimer);
  }

  /** Close those that were not used for too long, the oldest of which come first. */
  #sweep(): void {
    const { driver, options } = this.cluster;
    const oldestMs = driver.nowMs - options.upstreamIdleTimeoutMs;
    let expired = 0;
    while (expired < this.#idle.length && (this.#idle[expired] as Upstream).idleSinceMs <= oldestMs) expired++;
    for (const upstream of this.#idle.splice(0, expired)) upstream.connection.close();
    const [oldest] = this.#idle;
    if (oldest !== undefined) driver.startTimer(this.#sweepTimer, Math.max(1, oldest.idleSinceMs - oldestMs));
  }
}
