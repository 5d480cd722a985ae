/**
 * One relayed connection: bytes go from each side to the other as they are, without being copied.
 *
 * ```text
 *   accepted ── connecting ── refused, timed out ──> next endpoint, or reset the client
 *                   │
 *               connected: data, FIN and backpressure pass from side to side
 *                   │
 *               both FINs passed on: both sides end;  reset or error on one side: reset the other
 * ```
 *
 * @module
 */
import { ETIMEDOUT } from "../../../ffi/abi.ts";
import type { Connection, ConnectionHandler } from "../../net/connection.ts";
import { detachLease, type Lease, LeaseQueue } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { Endpoint } from "../endpoint.ts";
import { hashHost, NO_HASH } from "../hash.ts";
import { STATISTIC } from "../statistics.ts";
import type { TcpProxy } from "./tcp_proxy.ts";

const NONE_TRIED: readonly Endpoint[] = [];

/** One client's connection and the one to the endpoint that serves it. */
export class TcpRelay implements ConnectionHandler {
  readonly #downstream: Connection;
  #upstream: Connection | null = null;
  readonly #proxy: TcpProxy;
  #isConnected = false;
  #isDownstreamEnded = false;
  #isDownstreamClosed = false;
  #lastActiveMs = 0;
  /** Bytes queued for and sent to both sides when the timer last expired. */
  #lastQueued = 0;
  #lastWritten = 0;
  #endpoint: Endpoint | null = null;
  /** What the client sent before the upstream was there. */
  #early: LeaseQueue | null = null;
  #tried: Endpoint[] | null = null;
  /** Until the upstream is connected: the connect timeout. After that: the idle timeout. */
  readonly #timer: Timer;

  /** A relay for a connection that was just accepted. */
  constructor(proxy: TcpProxy, downstream: Connection) {
    this.#proxy = proxy;
    this.#downstream = downstream;
    this.#timer = new Timer(() => this.#onTimer());
  }

  /** Connect to an endpoint. */
  connect(): void {
    const proxy = this.#proxy;
    const { cluster } = proxy;
    const hash = cluster.needsHash ? hashHost(this.#downstream.remoteAddress()) : NO_HASH;
    const endpoint = cluster.pick(this.#tried ?? NONE_TRIED, proxy.driver.nowMs, hash);
    if (endpoint === null) {
      this.#giveUp();
      return;
    }
    this.#endpoint = endpoint;
    endpoint.activeConnections++;
    proxy.statistics.add(STATISTIC.upstream_connections_total, 1);
    this.#upstream = proxy.driver.connect(endpoint.address, this);
    if (proxy.options.connectTimeoutMs > 0) proxy.driver.startTimer(this.#timer, proxy.options.connectTimeoutMs);
  }

  onConnect(upstream: Connection): void {
    const { driver, options, cluster } = this.#proxy;
    this.#isConnected = true;
    cluster.outliers?.onSuccess(this.#endpoint as Endpoint);
    driver.stopTimer(this.#timer);
    if (options.idleTimeoutMs > 0) {
      this.#lastActiveMs = driver.nowMs;
      driver.startTimer(this.#timer, options.idleTimeoutMs);
    }
    const early = this.#early;
    this.#early = null;
    let hasRoom = true;
    for (let lease = early?.shift(); lease; lease = early?.shift()) hasRoom = upstream.write(lease);
    if (this.#isDownstreamEnded) upstream.shutdownWrite();
    else if (hasRoom) this.#downstream.resumeReading();
    else this.#downstream.pauseReading();
  }

  onData(from: Connection, lease: Lease): void {
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    if (from !== this.#downstream) {
      if (!this.#downstream.write(lease)) from.pauseReading();
    } else if (!this.#isConnected) {
      this.#keepEarly(lease);
    } else if (!(this.#upstream as Connection).write(lease)) {
      from.pauseReading();
    }
  }

  /** The client may speak before the upstream is there, but only as much as would be queued otherwise. */
  #keepEarly(lease: Lease): void {
    this.#early ??= new LeaseQueue();
    // An endpoint may take long to answer, and the buffers are for all.
    this.#early.push(detachLease(lease));
    const { writeHighWatermarkBytes } = this.#proxy.driver.connectionOptions;
    if (this.#early.bytes > writeHighWatermarkBytes) this.#downstream.pauseReading();
  }

  onEnd(from: Connection): void {
    if (from === this.#downstream) {
      this.#isDownstreamEnded = true;
      if (this.#isConnected) this.#upstream?.shutdownWrite();
    } else {
      this.#downstream.shutdownWrite();
    }
  }

  onDrain(to: Connection): void {
    this.#lastActiveMs = this.#proxy.driver.nowMs;
    this.#other(to)?.resumeReading();
  }

  onClose(closed: Connection, errno: number): void {
    if (closed === this.#downstream) this.#onDownstreamClosed(errno);
    else if (this.#isConnected) this.#onUpstreamClosed(errno);
    else this.#onConnectFailed(errno);
    this.#endIfBothClosed();
  }

  /**
   * Without an error both FINs were passed on, and the other side ends by itself once its last bytes
   * are sent; with one, it is reset too.
   */
  #onDownstreamClosed(errno: number): void {
    const { statistics } = this.#proxy;
    this.#isDownstreamClosed = true;
    this.#early?.clear();
    statistics.add(STATISTIC.downstream_bytes_received_total, this.#downstream.bytesRead);
    statistics.add(STATISTIC.downstream_bytes_sent_total, this.#downstream.bytesWritten);
    if (errno !== 0) statistics.add(STATISTIC.downstream_resets_total, 1);
    if (errno !== 0 || !this.#isConnected) this.#upstream?.reset();
  }

  #onUpstreamClosed(errno: number): void {
    this.#upstream = null;
    this.#releaseEndpoint();
    if (errno === 0) return;
    this.#proxy.statistics.add(STATISTIC.upstream_resets_total, 1);
    this.#downstream.reset();
  }

  #endIfBothClosed(): void {
    if (!this.#isDownstreamClosed || this.#upstream !== null) return;
    this.#proxy.driver.stopTimer(this.#timer);
    this.#proxy.onRelayEnded();
  }

  #onConnectFailed(errno: number): void {
    const { statistics, options, cluster, driver } = this.#proxy;
    const failed = this.#endpoint as Endpoint;
    this.#releaseEndpoint();
    this.#upstream = null;
    driver.stopTimer(this.#timer);
    if (this.#isDownstreamClosed) return;
    cluster.outliers?.onConnectFailure(failed, driver.nowMs, errno);
    statistics.add(STATISTIC.upstream_connect_failures_total, 1);
    this.#proxy.reporter.onConnectFailed(failed, errno);
    this.#tried ??= [];
    this.#tried.push(failed);
    if (this.#tried.length >= options.connectAttempts) {
      this.#giveUp();
      return;
    }
    statistics.add(STATISTIC.upstream_connect_retries_total, 1);
    this.connect();
  }

  /** No endpoint could be reached: the client sees that nobody is there, as without a proxy. */
  #giveUp(): void {
    const { statistics, cluster, reporter } = this.#proxy;
    statistics.add(STATISTIC.upstream_no_endpoint_total, 1);
    if (this.#tried === null) reporter.onNoEndpoint(cluster);
    this.#downstream.reset();
  }

  #onTimer(): void {
    if (this.#isConnected) this.#onIdle();
    else this.#onConnectTimeout();
  }

  #onConnectTimeout(): void {
    const upstream = this.#upstream as Connection;
    this.#proxy.statistics.add(STATISTIC.upstream_connect_timeouts_total, 1);
    // Whatever still happens on it is of no interest.
    upstream.handler = ABANDONED;
    upstream.reset();
    this.#onConnectFailed(ETIMEDOUT);
    this.#endIfBothClosed();
  }

  #onIdle(): void {
    const { driver, options, statistics } = this.#proxy;
    if (this.#hasDrained()) this.#lastActiveMs = driver.nowMs;
    const remainingMs = this.#lastActiveMs + options.idleTimeoutMs - driver.nowMs;
    if (remainingMs > 0) {
      driver.startTimer(this.#timer, remainingMs);
      return;
    }
    statistics.add(STATISTIC.downstream_idle_timeouts_total, 1);
    this.#downstream.close();
    this.#upstream?.close();
  }

  /**
   * Has a slow reader emptied a queue since the timer last expired? There is no event for that above the low
   * watermark, nor after FIN was asked for.
   */
  #hasDrained(): boolean {
    const queued = this.#downstream.queuedBytes + (this.#upstream?.queuedBytes ?? 0);
    const written = this.#downstream.bytesWritten + (this.#upstream?.bytesWritten ?? 0);
    const hasDrained = (queued > 0 || this.#lastQueued > 0) && written !== this.#lastWritten;
    this.#lastQueued = queued;
    this.#lastWritten = written;
    return hasDrained;
  }

  #releaseEndpoint(): void {
    if (this.#endpoint !== null) this.#endpoint.activeConnections--;
    this.#endpoint = null;
  }

  #other(side: Connection): Connection | null {
    return side === this.#downstream ? this.#upstream : this.#downstream;
  }
}

const ABANDONED: ConnectionHandler = {
  onConnect() {},
  onData(_connection, lease) {
    lease.release();
  },
  onEnd() {},
  onDrain() {},
  onClose() {},
};
