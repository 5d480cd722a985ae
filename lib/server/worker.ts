/**
 * A worker thread: one driver, its listeners, and the proxy on them. This is the thread's entry.
 *
 * @module
 */
import type { Driver } from "../net/driver.ts";
import { openDriver } from "../net/open_driver.ts";
import type { Balancer } from "../proxy/balancers/balancer.ts";
import { AccessLog } from "../proxy/http/access_log.ts";
import { lineFormat } from "../proxy/http/access_log_format.ts";
import { AccessLogFilter } from "../proxy/http/filters/access_log_filter.ts";
import type { FilterChain } from "../proxy/http/filters/filter_chain.ts";
import { STATISTIC, Statistics } from "../proxy/statistics.ts";
import { describeError, threadFailure } from "../threads/failure.ts";
import { reply, runThread, type ThreadProgram } from "../threads/run_thread.ts";
import { threadCount } from "../threads/thread_count.ts";
import type { LogLevel } from "./config.ts";
import { loadModule } from "./config_file/load.ts";
import { ConfigFileError } from "./config_file/problem.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { createBalancers } from "./worker_balancers.ts";
import type { WorkerConfig } from "./worker_config.ts";
import { createFilterChains } from "./worker_filters.ts";
import { type ListenerProxy, WorkerProxies } from "./worker_proxies.ts";

const ERROR_CODE = "ERR_WORKER";

/** What runs in the thread. */
class WorkerMain implements ThreadProgram<ToWorker> {
  readonly driver: Driver;
  readonly #config: WorkerConfig;
  readonly #proxies: WorkerProxies;
  readonly #accessLog: AccessLog | null;
  readonly #filters: readonly (FilterChain | null)[];

  private constructor(
    config: WorkerConfig,
    driver: Driver,
    accessLog: AccessLog | null,
    filters: readonly (FilterChain | null)[],
    balancers: readonly (Balancer | null)[],
  ) {
    this.#config = config;
    this.driver = driver;
    this.#accessLog = accessLog;
    this.#filters = filters;
    const statistics = new Statistics(config.statistics);
    // What a worker that crashed in this place has left there is gone with it.
    statistics.set(STATISTIC.downstream_connections_active, 0);
    statistics.set(STATISTIC.http_requests_active, 0);
    statistics.set(STATISTIC.outlier_ejected_active, 0);
    this.#proxies = new WorkerProxies(config, { driver, statistics, filters, balancers, log });
  }

  /** Everything but the listeners. */
  static async open(config: WorkerConfig): Promise<WorkerMain> {
    const driver = await openWorkerDriver(config);
    try {
      return await WorkerMain.#openOn(driver, config);
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  static async #openOn(driver: Driver, config: WorkerConfig): Promise<WorkerMain> {
    const { accessLog, accessLogFormat, workers } = config.server;
    const opened = accessLog === "" ? null : new AccessLog(driver, lineFormat(accessLogFormat), writeAccessLog);
    const chains = await createFilterChains(config.server, opened === null ? null : new AccessLogFilter(opened));
    const count = threadCount(workers);
    const balancers = await createBalancers(config.server, { worker: config.index, workers: count });
    for (const chain of chains) await chain?.start({ index: config.index, count, log });
    return new WorkerMain(config, driver, opened, chains, balancers);
  }

  async receive(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "listen":
        await this.#listen();
        return;
      case "endpoints":
        this.#proxies.setEndpoints(message.cluster, message.states);
        return;
      case "look":
        this.#proxies.acceptAgain();
        return;
      case "drain":
        await this.#proxies.stopAccepting(message.idleMs);
        say({ type: "closed" });
        await this.#proxies.drained();
        this.#accessLog?.flush();
        say({ type: "drained" });
        return;
    }
  }

  /** Accept connections, and say so. */
  async #listen(): Promise<void> {
    try {
      new MemoryTrimmer(this.driver);
      this.#proxies.watchOverload();
      for (const { address, owner, ...options } of this.#config.listeners) {
        const proxy = this.#proxies.proxies[owner] as ListenerProxy;
        proxy.add(
          await this.driver.listen(address, proxy, {
            ...options,
            backlog: this.#config.server.backlog,
            // Until the proxy has said otherwise: it may have room for few.
            acceptSingly: true,
          }),
        );
      }
      say({ type: "listening" });
    } catch (error) {
      say({ type: "listen-failed", failure: threadFailure(error, ERROR_CODE) });
    }
  }

  async end(): Promise<void> {
    await this.driver.close();
    const onError = (filter: string, error: unknown) => log("error", `filter ${filter}: ${describeError(error)}`);
    for (const chain of this.#filters) await chain?.stop(onError);
    this.#accessLog?.flush();
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
      onHandlerError: (error) => log("error", `a connection was reset because of a bug: ${describeError(error)}`),
      onNotice: (message) => log("warning", message),
    },
  });
}

function say(message: FromWorker): void {
  reply<FromWorker>(message);
}

function writeAccessLog(bytes: Uint8Array<ArrayBuffer>): void {
  reply<FromWorker>({ type: "access-log", bytes }, [bytes.buffer]);
}

function log(level: LogLevel, message: string): void {
  say({ type: "log", level, message });
}

async function readConfig(file: string, url: string): Promise<null> {
  try {
    say({ type: "config", checked: await loadModule(file, url) });
  } catch (error) {
    const problems = error instanceof ConfigFileError ? error.problems : [`${file}: ${describeError(error)}`];
    say({ type: "bad-config", problems });
  }
  return null;
}

runThread<WorkerStart, ToWorker>({
  errorCode: ERROR_CODE,
  open: (start) => (start.type === "serve" ? WorkerMain.open(start.config) : readConfig(start.file, start.url)),
  onRejection: (error) => log("error", `nobody handled a rejection: ${describeError(error)}`),
});
