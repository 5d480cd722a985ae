/**
 * A worker thread: one driver, its listeners, and the proxy on them. This is the thread's entry.
 *
 * @module
 */
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import type { Driver } from "../net/driver.ts";
import { openDriver } from "../net/open_driver.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { runParked } from "../net/uring/parked_loop.ts";
import type { Balancer } from "../proxy/balancers/balancer.ts";
import { AccessLog } from "../proxy/http/access_log.ts";
import { lineFormat } from "../proxy/http/access_log_format.ts";
import { AccessLogFilter } from "../proxy/http/filters/access_log_filter.ts";
import type { FilterChain } from "../proxy/http/filters/filter_chain.ts";
import { STATISTIC, Statistics } from "../proxy/statistics.ts";
import type { LogLevel } from "./config.ts";
import { loadModule } from "./config_file/load.ts";
import { ConfigFileError } from "./config_file/problem.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import { type FromWorker, MessageCounter, type ToWorker } from "./messages.ts";
import { createBalancers } from "./worker_balancers.ts";
import type { WorkerConfig } from "./worker_config.ts";
import { workerCount } from "./worker_count.ts";
import { createFilterChains } from "./worker_filters.ts";
import { type ListenerProxy, WorkerProxies } from "./worker_proxies.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;

/** What runs in the thread. */
class WorkerMain {
  readonly #config: WorkerConfig;
  readonly #driver: Driver;
  readonly #proxies: WorkerProxies;
  readonly #accessLog: AccessLog | null;
  readonly #filters: readonly (FilterChain | null)[];
  readonly #sent: MessageCounter;
  #isParked = false;
  #stopping = false;

  private constructor(
    config: WorkerConfig,
    sent: MessageCounter,
    driver: Driver,
    accessLog: AccessLog | null,
    filters: readonly (FilterChain | null)[],
    balancers: readonly (Balancer | null)[],
  ) {
    this.#config = config;
    this.#sent = sent;
    this.#driver = driver;
    this.#accessLog = accessLog;
    this.#filters = filters;
    const statistics = new Statistics(config.statistics);
    // What a worker that crashed in this place has left there is gone with it.
    statistics.set(STATISTIC.downstream_connections_active, 0);
    statistics.set(STATISTIC.http_requests_active, 0);
    statistics.set(STATISTIC.outlier_ejected_active, 0);
    this.#proxies = new WorkerProxies(config, { driver, statistics, filters, balancers, log });
  }

  static async start(config: WorkerConfig, sent: MessageCounter): Promise<WorkerMain> {
    const driver = await openWorkerDriver(config);
    const { accessLog, accessLogFormat, workers } = config.server;
    const opened = accessLog === "" ? null : new AccessLog(driver, lineFormat(accessLogFormat), writeAccessLog);
    const chains = await createFilterChains(config.server, opened === null ? null : new AccessLogFilter(opened));
    const count = workerCount(workers);
    const balancers = await createBalancers(config.server, { worker: config.index, workers: count });
    for (const chain of chains) await chain?.start({ index: config.index, count, log });
    return new WorkerMain(config, sent, driver, opened, chains, balancers);
  }

  /** Names its ring; `null` without one. */
  get ringHandle(): number | null {
    return this.#driver instanceof UringDriver ? this.#driver.ring.handle : null;
  }

  /** Accept connections, say so, and run until told to stop. */
  async #run(): Promise<void> {
    const driver = this.#driver;
    new MemoryTrimmer(driver);
    this.#proxies.watchOverload();
    for (const { address, owner, ...options } of this.#config.listeners) {
      const proxy = this.#proxies.proxies[owner] as ListenerProxy;
      proxy.add(
        await driver.listen(address, proxy, {
          ...options,
          backlog: this.#config.server.backlog,
          // Until the proxy has said otherwise: it may have room for few.
          acceptSingly: true,
        }),
      );
    }
    scope.postMessage({ type: "ready" });
    // The other driver runs by itself, on the runtime's loop.
    if (!(driver instanceof UringDriver)) return;
    this.#isParked = true;
    await runParked(driver, {
      isStopped: () => this.#stopping,
      isMessageOnItsWay: () => this.#sent.sent !== received,
    });
    await this.#end();
  }

  async receive(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "listen":
        await this.#run();
        return;
      case "endpoints":
        this.#proxies.setEndpoints(message.cluster, message.states);
        return;
      case "look":
        this.#proxies.acceptAgain();
        return;
      case "drain":
        await this.#proxies.stopAccepting(message.idleMs);
        scope.postMessage({ type: "closed" });
        await this.#proxies.drained();
        this.#accessLog?.flush();
        scope.postMessage({ type: "drained" });
        return;
      case "stop":
        this.#stopping = true;
        // The loop ends by itself, if there is one.
        if (!this.#isParked) await this.#end();
        return;
    }
  }

  async #end(): Promise<void> {
    await this.#driver.close();
    const onError = (filter: string, error: unknown) => log("error", `filter ${filter}: ${describe(error)}`);
    for (const chain of this.#filters) await chain?.stop(onError);
    this.#accessLog?.flush();
    scope.postMessage({ type: "stopped" });
  }
}

function openWorkerDriver({ driver, libraryPath, disabledFeatures, server }: WorkerConfig): Promise<Driver> {
  return openDriver({
    driver,
    libraryPath,
    disabledFeatures,
    ioUring: server.ioUring,
    isParked: true,
    reporter: {
      onHandlerError: (error) => log("error", `a connection was reset because of a bug: ${describe(error)}`),
      onNotice: (message) => log("warning", message),
    },
  });
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

async function readConfig(file: string, url: string): Promise<void> {
  try {
    scope.postMessage({ type: "config", checked: await loadModule(file, url) });
  } catch (error) {
    const problems = error instanceof ConfigFileError ? error.problems : [`${file}: ${describe(error)}`];
    scope.postMessage({ type: "bad-config", problems });
  }
}

let starting: Promise<WorkerMain> | null = null;
/** Messages after `start` that were received, and have had their effect. */
let received = 0;

async function receive(message: ToWorker): Promise<void> {
  try {
    if (message.type === "read-config") {
      await readConfig(message.file, message.url);
      return;
    }
    if (message.type !== "start") {
      // One may come while the driver is still being opened. If that fails, it is said there.
      const worker = await starting?.catch(() => null);
      const handling = worker?.receive(message);
      // Not before: a loop that finds no message on its way has to find what the last one changed.
      received++;
      await handling;
      // It did not start, and has nothing to close.
      if (!worker && message.type === "stop") scope.postMessage({ type: "stopped" });
      return;
    }
    starting = WorkerMain.start(message.config, new MessageCounter(message.sent));
    scope.postMessage({ type: "prepared", ringHandle: (await starting).ringHandle });
  } catch (error) {
    fail(error);
  }
}

// User code that forgot about a promise is no reason to end all connections.
process.on("unhandledRejection", (error) => log("error", `nobody handled a rejection: ${describe(error)}`));
scope.onmessage = (event) => void receive(event.data);
