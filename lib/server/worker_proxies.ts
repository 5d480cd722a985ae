/**
 * What a worker relays with: its clusters, and the proxies of its listeners.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { Driver } from "../net/driver.ts";
import type { Balancer } from "../proxy/balancers/balancer.ts";
import { OwnBalancer } from "../proxy/balancers/own_balancer.ts";
import { Cluster } from "../proxy/cluster.ts";
import { ConnectionLimit } from "../proxy/connection_limit.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import type { FilterChain } from "../proxy/http/filters/filter_chain.ts";
import { HttpCluster } from "../proxy/http/http_cluster.ts";
import { HttpProxy } from "../proxy/http/http_proxy.ts";
import { RouteTable } from "../proxy/http/routing/route_table.ts";
import type { OutlierReporter } from "../proxy/outlier_detector.ts";
import { OverloadGuard } from "../proxy/overload.ts";
import type { ProxyReporter } from "../proxy/reporter.ts";
import type { Statistics } from "../proxy/statistics.ts";
import { TcpProxy } from "../proxy/tcp/tcp_proxy.ts";
import { errnoName } from "../ring/errors.ts";
import type { LogLevel } from "./config.ts";
import { OverloadMonitor } from "./overload_monitor.ts";
import { OverloadResponse } from "./overload_response.ts";
import { RepeatedMessages } from "./repeated_messages.ts";
import type { ClusterConfig, HttpListener, ListenerConfig, TcpListener } from "./server_config.ts";
import type { WorkerConfig } from "./worker_config.ts";

/** Serves the connections of a listener. */
export type ListenerProxy = TcpProxy | HttpProxy;

/** What a worker has besides its configuration. */
export interface WorkerContext {
  readonly driver: Driver;
  readonly statistics: Statistics;
  /** Of each listener, see `createFilterChains`. */
  readonly filters: readonly (FilterChain | null)[];
  /** Of each cluster, see `createBalancers`. */
  readonly balancers: readonly (Balancer | null)[];
  readonly log: (level: LogLevel, message: string) => void;
}

/** See the module. */
export class WorkerProxies {
  /** In the order of the configuration's listeners. */
  readonly proxies: readonly ListenerProxy[];
  readonly #config: WorkerConfig;
  readonly #context: WorkerContext;
  /** In the order of the configuration. */
  readonly #clusters: readonly HttpCluster[];
  readonly #byName: ReadonlyMap<string, HttpCluster>;
  readonly #limit: ConnectionLimit;
  readonly #overload: OverloadGuard;
  readonly #reporter: ProxyReporter;
  readonly #repeated: RepeatedMessages;

  /** Throws a RingwayError for what can't be compiled. */
  constructor(config: WorkerConfig, context: WorkerContext) {
    this.#config = config;
    this.#context = context;
    const { clusters, listeners } = config.server;
    this.#repeated = new RepeatedMessages(context.log);
    this.#clusters = clusters.map((cluster, index) => this.#createCluster(cluster, index));
    this.#byName = new Map(this.#clusters.map((cluster) => [cluster.cluster.name, cluster]));
    this.#limit = new ConnectionLimit(config.maximumConnections);
    const response = new OverloadResponse(this.#limit, context.statistics, context.log);
    this.#overload = new OverloadGuard(config.server.overload, response);
    this.#reporter = createReporter(clusters.length > 1, this.#repeated);
    this.proxies = listeners.map((listener, index) => this.#createProxy(listener, index));
  }

  /** The endpoints of a cluster, by its index, are others. */
  setEndpoints(cluster: number, states: readonly EndpointState[]): void {
    const changed = this.#clusters[cluster];
    changed?.cluster.update(states, this.#context.driver.nowMs);
    changed?.onEndpoints();
  }

  /** Begin to look after overload: the driver's loop runs from now on. */
  watchOverload(): void {
    new OverloadMonitor(this.#context.driver, this.#overload);
  }

  /** Look whether connections wait at the listeners: of several threads the kernel tells one, which may have gone. */
  acceptAgain(): void {
    for (const proxy of this.proxies) proxy.acceptAgain();
  }

  /** Accept no more, and close connections without a request, which they may still send within `idleMs`. */
  async stopAccepting(idleMs: number): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stopAccepting(idleMs)));
    for (const cluster of this.#clusters) cluster.drain();
  }

  /** Resolves when no client's connection is left. */
  async drained(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.drained()));
  }

  #createCluster(config: ClusterConfig, index: number): HttpCluster {
    const { name, options, http, connectTimeoutMs, connectAttempts } = config;
    const { driver, statistics, log, balancers } = this.#context;
    const ofCluster = this.#config.server.clusters.length === 1 ? "" : ` of cluster "${name}"`;
    const context = {
      worker: this.#config.index,
      random: Math.random,
      statistics,
      reporter: outlierReporter(ofCluster, log),
    };
    const own = balancers[index] ?? null;
    const onError = (error: unknown) => this.#repeated.say("error", `the balancer${ofCluster}: ${describe(error)}`);
    const states = this.#config.endpoints[index] ?? [];
    const withOwn = own === null ? context : { ...context, ownBalancer: new OwnBalancer(own, onError) };
    const cluster = new Cluster(name, options, states, withOwn);
    return new HttpCluster(driver, cluster, { ...http, connectTimeoutMs, connectAttempts });
  }

  #createProxy(listener: ListenerConfig, index: number): ListenerProxy {
    const maximumConnections = listener.maximumConnections || Number.MAX_SAFE_INTEGER;
    if (listener.protocol === "tcp") return this.#createTcpProxy(listener, maximumConnections);
    return this.#createHttpProxy(listener, maximumConnections, this.#context.filters[index] ?? null);
  }

  #createTcpProxy(listener: TcpListener, maximumConnections: number): TcpProxy {
    const cluster = this.#byName.get(listener.cluster);
    if (cluster === undefined) throw unknownCluster(listener.cluster);
    const { connectTimeoutMs, connectAttempts } = cluster.options;
    const options = { connectTimeoutMs, connectAttempts, maximumConnections, idleTimeoutMs: listener.idleTimeoutMs };
    const { driver, statistics } = this.#context;
    return new TcpProxy(driver, cluster.cluster, options, statistics, this.#reporter, this.#limit);
  }

  #createHttpProxy(listener: HttpListener, maximumConnections: number, filters: FilterChain | null): HttpProxy {
    const routes = new RouteTable(listener.virtualHosts);
    for (const { options } of routes.routes) {
      const named = options.action.type === "clusters" ? options.action.clusters.map(({ cluster }) => cluster) : [];
      if (options.mirror !== null) named.push(options.mirror.cluster);
      for (const name of named) if (!this.#byName.has(name)) throw unknownCluster(name);
    }
    return new HttpProxy({
      driver: this.#context.driver,
      routes,
      clusters: this.#byName,
      options: { ...listener.http, maximumConnections },
      statistics: this.#context.statistics,
      reporter: this.#reporter,
      limit: this.#limit,
      filters,
      overload: this.#overload,
    });
  }
}

function createReporter(hasSeveral: boolean, repeated: RepeatedMessages): ProxyReporter {
  return {
    onConnectFailed: (endpoint, errno) =>
      repeated.say("warning", `cannot connect to ${endpoint.name}: ${errnoName(errno)}`),
    onNoEndpoint: (cluster) => {
      const of = hasSeveral ? ` of cluster "${cluster.name}"` : "";
      repeated.say("error", `no endpoint${of} to connect to: ${whyNone(cluster)}`);
    },
    onFilterError: (filter, error) => repeated.say("error", `filter ${filter}: ${describe(error)}`),
    onAcceptError: (_listener, errno) =>
      repeated.say("error", `cannot accept connections (${errnoName(errno)}), trying again shortly`),
  };
}

function whyNone(cluster: Cluster): string {
  if (cluster.endpoints.length === 0) return "its name resolves to no address";
  return cluster.hasCandidates ? "its balancer picked none" : "none is healthy";
}

function outlierReporter(ofCluster: string, log: WorkerContext["log"]): OutlierReporter {
  return {
    onEjected: ({ name }, reason, durationMs) =>
      log("warning", `endpoint ${name}${ofCluster} is left out for ${durationMs} ms: too many ${reason} in a row`),
    onReinstated: ({ name }) => log("info", `endpoint ${name}${ofCluster} is used again`),
  };
}

function unknownCluster(name: string): RingwayError {
  const failure = { code: "ERR_CONFIG", source: "internal", operation: "start a worker" } as const;
  return new RingwayError(`No cluster is named "${name}"`, failure);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
