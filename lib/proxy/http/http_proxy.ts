/**
 * An HTTP/1.1 reverse proxy on one worker: requests of a listener's connections go to the endpoints of a cluster.
 *
 * @module
 */
import { Head } from "../../http/head.ts";
import { formatAddress } from "../../net/address.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../../net/connection.ts";
import type { Driver } from "../../net/driver.ts";
import type { Cluster } from "../cluster.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ProxyReporter } from "../reporter.ts";
import { STATISTIC, type Statistics } from "../statistics.ts";
import type { AccessLog } from "./access_log.ts";
import { ascii } from "./bytes.ts";
import { Downstream } from "./downstream.ts";
import type { HttpProxyOptions } from "./options.ts";
import type { RequestAdditions } from "./request_head.ts";
import { RequestIds } from "./request_ids.ts";
import { RESPONSE_ADDITION_BYTES } from "./response_head.ts";
import { UpstreamPool } from "./upstream_pool.ts";

/** Heads that are kept for reuse. Only connections in the middle of a head have one. */
const SPARE_HEADS = 64;
const DATE_INTERVAL_MS = 500;

/** Serves the connections of listeners. */
export class HttpProxy implements ListenerHandler {
  /** @internal */
  readonly driver: Driver;
  /** @internal */
  readonly cluster: Cluster;
  /** @internal */
  readonly options: HttpProxyOptions;
  /** @internal */
  readonly statistics: Statistics;
  /** @internal */
  readonly reporter: ProxyReporter;
  /** @internal A head that is longer than allowed is found to be so within this many bytes. */
  readonly partialHeadBytes: number;
  /** @internal */
  readonly accessLog: AccessLog | null;
  /** @internal Makes ids for requests. */
  readonly requestIds: RequestIds = new RequestIds();
  /** @internal Memory for the head of one response. */
  readonly scratch: Uint8Array;
  readonly #listeners: Listener[] = [];
  readonly #limit: ConnectionLimit;
  readonly #downstreams = new Set<Downstream>();
  readonly #pools = new Map<Endpoint, UpstreamPool>();
  readonly #heads: Head[] = [];
  readonly #defaultHost: Uint8Array;
  #date: Uint8Array = new Uint8Array();
  #dateMs = Number.NEGATIVE_INFINITY;
  #isDraining = false;
  #onDrained: (() => void) | null = null;

  /** A proxy without listeners. `limit` is of several proxies, its own is in the options. */
  constructor(
    driver: Driver,
    cluster: Cluster,
    options: HttpProxyOptions,
    statistics: Statistics,
    reporter: ProxyReporter,
    accessLog: AccessLog | null = null,
    limit: ConnectionLimit | null = null,
  ) {
    this.driver = driver;
    this.cluster = cluster;
    this.options = options;
    this.statistics = statistics;
    this.reporter = reporter;
    this.accessLog = accessLog;
    this.#limit = new ConnectionLimit(options.maximumConnections, limit);
    this.partialHeadBytes = options.limits.headBytes + 4;
    this.scratch = new Uint8Array(options.limits.headBytes + RESPONSE_ADDITION_BYTES);
    this.#defaultHost = ascii(cluster.name);
  }

  /** @internal Is the proxy about to end? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Serve the connections of one more listener, whose handler this is. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
    this.#limit.add(listener);
  }

  onAccept(connection: Connection): ConnectionHandler {
    this.statistics.add(STATISTIC.downstream_connections_total, 1);
    this.statistics.add(STATISTIC.downstream_connections_active, 1);
    const downstream = new Downstream(this, connection);
    this.#downstreams.add(downstream);
    this.#limit.take();
    return downstream;
  }

  onAcceptError(listener: Listener, errno: number): void {
    this.statistics.add(STATISTIC.downstream_accept_errors_total, 1);
    this.reporter.onAcceptError(listener, errno);
  }

  /** Accept no more, and close connections without a request; resolves when no accept is under way any more. */
  async stopAccepting(): Promise<void> {
    this.#isDraining = true;
    this.#limit.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    for (const downstream of this.#downstreams) downstream.drain();
    for (const pool of this.#pools.values()) pool.closeIdle();
  }

  /** Resolves when no client's connection is left. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#downstreams.size === 0) resolve();
      else this.#onDrained = resolve;
    });
  }

  /** @internal A client's connection is gone. */
  onDownstreamClosed(downstream: Downstream): void {
    if (!this.#downstreams.delete(downstream)) return;
    this.statistics.add(STATISTIC.downstream_connections_active, -1);
    this.#limit.giveBack();
    if (this.#downstreams.size === 0) this.#onDrained?.();
  }

  /** @internal The connections to an endpoint. */
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

  /** @internal A head to parse into. */
  takeHead(): Head {
    return this.#heads.pop() ?? new Head(this.options.limits);
  }

  /** @internal It is not needed any more. */
  giveHead(head: Head): void {
    head.reset();
    if (this.#heads.length < SPARE_HEADS) this.#heads.push(head);
  }

  /** @internal What a client's requests are given on their way. */
  additionsFor(connection: Connection): RequestAdditions {
    const remote = connection.remoteAddress();
    const client = remote !== null && remote.family !== "unix" ? hostOf(formatAddress(remote)) : "unknown";
    return {
      client: ascii(client),
      defaultHost: this.#defaultHost,
      isTrusted: this.options.trustedHops > 0,
      requestIds: this.requestIds,
    };
  }

  /** @internal The date for a response, at most half a second old. */
  date(): Uint8Array {
    if (this.driver.nowMs - this.#dateMs >= DATE_INTERVAL_MS) {
      this.#dateMs = this.driver.nowMs;
      this.#date = ascii(new Date().toUTCString());
    }
    return this.#date;
  }
}

/** The host of an address as `formatAddress` writes it, as X-Forwarded-For has it: without brackets. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
}
