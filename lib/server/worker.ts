/**
 * A worker thread: one driver, its listeners, and the proxy on them. This is the thread's entry.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { DefaultDriver } from "../net/default/driver.ts";
import type { Driver } from "../net/driver.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { runParked } from "../net/uring/parked_loop.ts";
import { Cluster } from "../proxy/cluster.ts";
import { defaultClusterOptions } from "../proxy/cluster_options.ts";
import { ConnectionLimit } from "../proxy/connection_limit.ts";
import { AccessLog } from "../proxy/http/access_log.ts";
import { lineFormat } from "../proxy/http/access_log_format.ts";
import { HttpCluster } from "../proxy/http/http_cluster.ts";
import { HttpProxy } from "../proxy/http/http_proxy.ts";
import type { OutlierReporter } from "../proxy/outlier_detector.ts";
import type { ProxyReporter } from "../proxy/reporter.ts";
import { STATISTIC, Statistics } from "../proxy/statistics.ts";
import { TcpProxy } from "../proxy/tcp/tcp_proxy.ts";
import { errnoName } from "../ring/errors.ts";
import type { LogLevel } from "./config.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import { type FromWorker, MessageCounter, type ToWorker } from "./messages.ts";
import { RepeatedMessages } from "./repeated_messages.ts";
import { connectionOptions, ringOptions } from "./ring_config.ts";
import type { ClusterConfig, ListenerConfig } from "./server_config.ts";
import type { WorkerConfig } from "./worker_config.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;

type Proxy = TcpProxy | HttpProxy;

/** What runs in the thread. */
class WorkerMain {
  readonly #config: WorkerConfig;
  readonly #driver: Driver;
  /** In the order of the configuration, as the proxies are. */
  readonly #clusters: readonly Cluster[];
  readonly #httpClusters: readonly HttpCluster[];
  readonly #proxies: readonly Proxy[];
  readonly #accessLog: AccessLog | null;
  readonly #sent: MessageCounter;
  #stopping = false;

  private constructor(config: WorkerConfig, sent: MessageCounter, driver: Driver) {
    this.#config = config;
    new MemoryTrimmer(driver);
    this.#sent = sent;
    this.#driver = driver;
    const { clusters, listeners } = config.server;
    const repeated = new RepeatedMessages(log);
    const statistics = new Statistics(config.statistics);
    // The connections of a worker that crashed in this place are gone with it.
    statistics.set(STATISTIC.downstream_connections_active, 0);
    statistics.set(STATISTIC.http_requests_active, 0);
    statistics.set(STATISTIC.outlier_ejected_active, 0);
    this.#clusters = clusters.map(({ name, balancer }, index) => {
      const states = config.endpoints[index] ?? [];
      const reporter = outlierReporter(clusters.length === 1 ? "" : ` of cluster "${name}"`);
      const context = { worker: config.index, random: Math.random, statistics, reporter };
      return new Cluster(name, { ...defaultClusterOptions, balancer }, states, context);
    });
    this.#httpClusters = clusters.map(({ http, connectTimeoutMs, connectAttempts }, index) => {
      return new HttpCluster(driver, this.#clusters[index] as Cluster, { ...http, connectTimeoutMs, connectAttempts });
    });
    const reporter: ProxyReporter = {
      onConnectFailed: (endpoint, errno) =>
        repeated.say("warning", `cannot connect to ${endpoint.name}: ${errnoName(errno)}`),
      onNoEndpoint: (cluster) => {
        const of = clusters.length === 1 ? "" : ` of cluster "${cluster.name}"`;
        const why = cluster.endpoints.length === 0 ? "its name resolves to no address" : "none is healthy";
        repeated.say("error", `no endpoint${of} to connect to: ${why}`);
      },
      onAcceptError: (_listener, errno) =>
        repeated.say("error", `cannot accept connections (${errnoName(errno)}), trying again shortly`),
    };
    const limit = new ConnectionLimit(config.maximumConnections);
    const { accessLog, accessLogFormat } = config.server;
    this.#accessLog = accessLog === "" ? null : new AccessLog(driver, lineFormat(accessLogFormat), writeAccessLog);
    this.#proxies = listeners.map((listener) => {
      const index = clusters.findIndex(({ name }) => name === listener.cluster);
      const [clusterConfig, cluster] = [clusters[index], this.#clusters[index]];
      if (clusterConfig === undefined || cluster === undefined) throw unknownCluster(listener.cluster);
      return createProxy(listener, clusterConfig, {
        driver,
        cluster,
        httpCluster: this.#httpClusters[index] as HttpCluster,
        statistics,
        reporter,
        limit,
        accessLog: this.#accessLog,
      });
    });
  }

  static async start(config: WorkerConfig, sent: MessageCounter): Promise<WorkerMain> {
    const driver = await openDriver(config);
    const worker = new WorkerMain(config, sent, driver);
    for (const { address, owner, ...options } of config.listeners) {
      const proxy = worker.#proxies[owner] as Proxy;
      proxy.add(
        await driver.listen(address, proxy, {
          ...options,
          backlog: config.server.backlog,
          // Until the proxy has said otherwise: it may have room for few.
          acceptSingly: true,
        }),
      );
    }
    return worker;
  }

  /** Say that it is ready, and run until told to stop. */
  async run(): Promise<void> {
    const ringHandle = this.#driver instanceof UringDriver ? this.#driver.ring.handle : null;
    scope.postMessage({ type: "ready", ringHandle });
    // The other driver runs by itself, on the runtime's loop.
    if (!(this.#driver instanceof UringDriver)) return;
    await runParked(this.#driver, {
      isStopped: () => this.#stopping,
      isMessageOnItsWay: () => this.#sent.sent !== received,
    });
    await this.#end();
  }

  async receive(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "endpoints":
        this.#clusters[message.cluster]?.update(message.states, this.#driver.nowMs);
        this.#httpClusters[message.cluster]?.onEndpoints();
        return;
      case "drain":
        await Promise.all(this.#proxies.map((proxy) => proxy.stopAccepting()));
        for (const cluster of this.#httpClusters) cluster.drain();
        scope.postMessage({ type: "closed" });
        await Promise.all(this.#proxies.map((proxy) => proxy.drained()));
        this.#accessLog?.flush();
        scope.postMessage({ type: "drained" });
        return;
      case "stop":
        this.#stopping = true;
        if (this.#config.driver !== "uring") await this.#end();
        return;
    }
  }

  async #end(): Promise<void> {
    await this.#driver.close();
    this.#accessLog?.flush();
    scope.postMessage({ type: "stopped" });
  }
}

/** What a proxy needs besides its options. */
interface ProxyParts {
  readonly driver: Driver;
  readonly cluster: Cluster;
  readonly httpCluster: HttpCluster;
  readonly statistics: Statistics;
  readonly reporter: ProxyReporter;
  readonly limit: ConnectionLimit;
  readonly accessLog: AccessLog | null;
}

/** The proxy for a listener's connections: some of its options are the listener's, some the cluster's. */
function createProxy(listener: ListenerConfig, clusterConfig: ClusterConfig, parts: ProxyParts): Proxy {
  const { driver, cluster, httpCluster, statistics, reporter, limit, accessLog } = parts;
  const { connectTimeoutMs, connectAttempts } = clusterConfig;
  const maximumConnections = listener.maximumConnections || Number.MAX_SAFE_INTEGER;
  if (listener.protocol === "tcp") {
    const { idleTimeoutMs } = listener;
    const options = { connectTimeoutMs, connectAttempts, maximumConnections, idleTimeoutMs };
    return new TcpProxy(driver, cluster, options, statistics, reporter, limit);
  }
  const options = { ...listener.http, maximumConnections };
  return new HttpProxy(driver, httpCluster, options, statistics, reporter, limit, accessLog);
}

function outlierReporter(ofCluster: string): OutlierReporter {
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

async function openDriver(config: WorkerConfig): Promise<Driver> {
  const reporter = {
    onHandlerError: (error: unknown) => log("error", `a connection was reset because of a bug: ${describe(error)}`),
    onNotice: (message: string) => log("warning", message),
  };
  const connection = connectionOptions(config.server.ioUring);
  if (config.driver === "default") return new DefaultDriver({ connection, reporter });
  const library = await loadLibrary(config.libraryPath ?? undefined);
  const ring = ringOptions(config.server.ioUring, config.disabledFeatures);
  return new UringDriver({ library, ring, connection, acceptSize: config.server.ioUring.acceptSize, reporter });
}

function writeAccessLog(bytes: Uint8Array<ArrayBuffer>): void {
  scope.postMessage({ type: "access-log", bytes }, [bytes.buffer]);
}

function log(level: LogLevel, message: string): void {
  scope.postMessage({ type: "log", level, message });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof RingwayError ? error.code : "ERR_WORKER";
  scope.postMessage({ type: "failed", message, code, stack: describe(error) });
}

let starting: Promise<WorkerMain> | null = null;
/** Messages received after `start`. */
let received = 0;

async function receive(message: ToWorker): Promise<void> {
  try {
    if (message.type !== "start") {
      received++;
      // One may come while the driver is still being opened. If that fails, it is said there.
      const worker = await starting?.catch(() => null);
      await worker?.receive(message);
      return;
    }
    starting = WorkerMain.start(message.config, new MessageCounter(message.sent));
    await (await starting).run();
  } catch (error) {
    fail(error);
  }
}

scope.onmessage = (event) => void receive(event.data);
