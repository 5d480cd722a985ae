/**
 * A TCP proxy on one worker: every connection of a listener is relayed to an endpoint of a cluster.
 *
 * @module
 */
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../../net/connection.ts";
import type { Driver } from "../../net/driver.ts";
import type { Cluster } from "../cluster.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import type { ProxyReporter } from "../reporter.ts";
import { STATISTIC, type Statistics } from "../statistics.ts";
import { TcpRelay } from "./relay.ts";

/** Limits and times of a TCP proxy. */
export interface TcpProxyOptions {
  /** How long connecting to an endpoint may take; 0: as long as the kernel tries. */
  readonly connectTimeoutMs: number;
  /** How long a connection may be without bytes in either direction; 0: for ever. */
  readonly idleTimeoutMs: number;
  /** Endpoints that are tried for a connection, at the most. */
  readonly connectAttempts: number;
  /** Connections relayed at the same time, at the most; above it none is accepted. */
  readonly maximumConnections: number;
}

/** Relays the connections of listeners to a cluster. */
export class TcpProxy implements ListenerHandler {
  /** @internal */
  readonly driver: Driver;
  /** @internal */
  readonly cluster: Cluster;
  /** @internal */
  readonly options: TcpProxyOptions;
  /** @internal */
  readonly statistics: Statistics;
  /** @internal */
  readonly reporter: ProxyReporter;
  readonly #listeners: Listener[] = [];
  readonly #limit: ConnectionLimit;
  #onDrained: (() => void) | null = null;

  /** A proxy without listeners. `limit` is of several proxies, its own is in the options. */
  constructor(
    driver: Driver,
    cluster: Cluster,
    options: TcpProxyOptions,
    statistics: Statistics,
    reporter: ProxyReporter,
    limit: ConnectionLimit | null = null,
  ) {
    this.driver = driver;
    this.cluster = cluster;
    this.options = options;
    this.statistics = statistics;
    this.reporter = reporter;
    this.#limit = new ConnectionLimit(options.maximumConnections, limit);
  }

  /** Relay the connections of one more listener, whose handler this is. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
    this.#limit.add(listener);
  }

  onAccept(downstream: Connection): ConnectionHandler {
    this.statistics.add(STATISTIC.downstream_connections_total, 1);
    this.statistics.add(STATISTIC.downstream_connections_active, 1);
    const relay = new TcpRelay(this, downstream);
    relay.connect();
    this.#limit.take();
    return relay;
  }

  onAcceptError(listener: Listener, errno: number): void {
    this.statistics.add(STATISTIC.downstream_accept_errors_total, 1);
    this.reporter.onAcceptError(listener, errno);
  }

  /** Accept what waits at the listeners, if anything does. */
  acceptAgain(): void {
    this.#limit.acceptAgain();
  }

  /** Accept no more; resolves when no accept is under way any more. */
  async stopAccepting(): Promise<void> {
    this.#limit.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  /** Resolves when no connection is left. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#limit.active === 0) resolve();
      else this.#onDrained = resolve;
    });
  }

  /** @internal Both connections of a relay are gone. */
  onRelayEnded(): void {
    this.statistics.add(STATISTIC.downstream_connections_active, -1);
    this.#limit.giveBack();
    if (this.#limit.active === 0) this.#onDrained?.();
  }
}
