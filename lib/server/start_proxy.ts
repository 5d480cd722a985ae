/**
 * Starts a whole proxy: listeners, workers, name resolution, health checks.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { LIBRARY_VARIABLE, type Library, loadLibrary } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import { type ThreadModule, threadModuleUrl } from "../../ffi/thread_module.ts";
import type { SocketAddress } from "../net/address.ts";
import { ringOptions } from "../net/io_uring_options.ts";
import { type SelectedInterface, selectSocketInterface } from "../net/socket_interface.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import { type StatisticName, Statistics } from "../proxy/statistics.ts";
import { AccessLogFile } from "./access_log_file.ts";
import type { LogLevel, ProxyConfig } from "./config.ts";
import { type ClusterEndpoints, EndpointWatch } from "./endpoint_watch.ts";
import { createProbe } from "./health/create_probe.ts";
import type { Probe } from "./health/probe.ts";
import { checkListeners, type ListenAddress, type Listeners, openListeners } from "./listeners.ts";
import { type NameServer, systemNameServer } from "./name_server.ts";
import { ResolveError, resolveTarget } from "./resolve.ts";
import { Resolver } from "./resolver.ts";
import { type ServerConfig, serverConfig } from "./server_config.ts";
import { Supervisor } from "./supervisor.ts";
import type { WorkerConfig } from "./worker_config.ts";
import { workerCount } from "./worker_count.ts";

/** Descriptors that the process needs for other things than relayed connections. */
const RESERVED_DESCRIPTORS = 100;
/** The kernel's default for fs.nr_open. */
const DESCRIPTORS_WANTED = 1 << 20;

/** What a worker begins with. */
const WORKER: ThreadModule = {
  path: "lib/server/worker",
  specifier: "@ringway/proxy/worker",
  option: "workerUrl",
};

/** A proxy that accepts connections. */
export interface RunningProxy {
  /** Where it listens, with the ports that the kernel chose. */
  readonly addresses: readonly SocketAddress[];
  /** The driver that was chosen, and why. */
  readonly socketInterface: SelectedInterface;
  /** How many workers it has. */
  readonly workers: number;
  /** What is known of the endpoints now, for each cluster. */
  endpoints(): readonly ClusterEndpoints[];
  /** The sum of all workers' numbers. */
  statistics(): Record<StatisticName, number>;
  /**
   * Accept no more, let connections go on for up to {@linkcode ProxyConfig.drainTimeoutMs}, then close them.
   * Resolves when everything is closed, with the number of connections that were cut off.
   */
  drain(): Promise<number>;
  /** Close everything at once. */
  close(): Promise<void>;
}

/** What else a proxy may be started with. */
export interface StartOptions {
  /** Where messages go. */
  readonly log?: (level: LogLevel, message: string) => void;
  /**
   * The module that workers begin with; by default the package's own. A program that is bundled or compiled needs one
   * with nothing in it but `import "@ringway/proxy/worker";`.
   */
  readonly workerUrl?: URL;
  /** What is asked for the addresses behind names; by default the machine's hosts file and name servers. */
  readonly nameServer?: NameServer;
}

/** Start a proxy. Throws a RingwayError that says what is wrong and what to do. */
export async function startProxy(
  wanted: ProxyConfig | ServerConfig,
  options: StartOptions = {},
): Promise<RunningProxy> {
  const config = "clusters" in wanted ? wanted : serverConfig(wanted);
  const log = options.log ?? (() => {});
  const selected = await selectInterface(config);
  const named = runtime.environment(LIBRARY_VARIABLE) ?? "";
  if (named !== "" && selected.driver === "default" && config.socketInterface === "auto") {
    log("warning", `${LIBRARY_VARIABLE} names a library, but io_uring is not used: ${selected.reason}`);
  }
  const library = selected.driver === "uring" ? await loadLibrary() : null;
  const workers = workerCount(config.workers);
  const nameServer = options.nameServer ?? systemNameServer;
  const probes = await Promise.all(config.clusters.map(({ healthCheck }) => createProbe(healthCheck)));
  const watches = config.clusters.map((cluster, index) => {
    return new EndpointWatch(cluster, config, {
      probe: probes[index] as Probe,
      nameServer,
      log,
      onStates: (states) => supervisor?.setEndpoints(index, states),
    });
  });
  let supervisor: Supervisor | null = null;
  let listeners: Listeners | null = null;
  let accessLog: AccessLogFile | null = null;
  try {
    if (config.accessLog !== "") {
      accessLog = await AccessLogFile.open(config.accessLog, { onProblem: (message) => log("warning", message) });
    }
    await Promise.all(watches.map((watch) => watch.resolve()));
    const addresses = await resolveListen(config, nameServer);
    listeners = library
      ? openListeners(library, addresses, workers, config.backlog)
      : await checkListeners(addresses, workers);
    // Only now: names may have been resolved again meanwhile. From here on the supervisor is told.
    const endpoints = watches.map(({ states }) => states);
    const configs = workerConfigs(config, selected, library, listeners, endpoints, workers);
    supervisor = new Supervisor({
      workerUrl: options.workerUrl ?? threadModuleUrl(WORKER),
      library,
      configs,
      log,
      accessLog,
    });
    await supervisor.start();
    for (const watch of watches) watch.startChecks();
    return running(config, selected, { watches, listeners, supervisor, configs, accessLog });
  } catch (error) {
    for (const watch of watches) watch.stop();
    listeners?.close();
    await accessLog?.close();
    throw error;
  }
}

/** Everything that starting would check, without starting. All names that can't be resolved are in what is thrown. */
export async function checkProxy(config: ServerConfig): Promise<SelectedInterface> {
  const selected = await selectInterface(config);
  const once = { intervalMs: 0, nameServer: systemNameServer };
  const ignore = { onAddresses() {}, onResolveError() {} };
  const resolved = await Promise.allSettled([
    ...config.clusters.flatMap(({ endpoints }) => endpoints.map((one) => new Resolver([one], once, ignore).start())),
    ...config.listeners.flatMap(({ listen }) => listen.map((target) => resolveTarget(target, systemNameServer))),
  ]);
  const failed = resolved.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
  const [first] = failed;
  if (failed.length === 1 || (first !== undefined && !(first instanceof ResolveError))) throw first;
  if (first === undefined) return selected;
  const messages = new Set(failed.map((error) => (error instanceof Error ? error.message : String(error))));
  const failure = { code: "ERR_RESOLVE", source: "upstream", operation: "resolve", cause: first } as const;
  throw new RingwayError([...messages].join("\n"), failure);
}

function selectInterface(config: ServerConfig): Promise<SelectedInterface> {
  return selectSocketInterface({ wanted: config.socketInterface, ringOptions: ringOptions(config.ioUring, 0) });
}

async function resolveListen(config: ServerConfig, nameServer: NameServer): Promise<ListenAddress[]> {
  const wanted = config.listeners.flatMap(({ listen }, owner) => listen.map((target) => ({ target, owner })));
  return await Promise.all(
    wanted.map(async ({ target, owner }) => {
      const [address] = await resolveTarget(target, nameServer);
      if (address !== undefined) return { address, owner };
      const failure = { code: "ERR_RESOLVE", source: "internal", operation: "listen" } as const;
      throw new RingwayError("Cannot listen: the name resolves to no address", failure);
    }),
  );
}

function workerConfigs(
  config: ServerConfig,
  selected: SelectedInterface,
  library: Library | null,
  listeners: Listeners,
  endpoints: readonly (readonly EndpointState[])[],
  workers: number,
): WorkerConfig[] {
  const maximumConnections = config.maximumConnections || connectionsAllowed(library);
  return listeners.perWorker.map((own, index) => ({
    index,
    driver: selected.driver,
    libraryPath: library?.path ?? null,
    listeners: own,
    endpoints,
    statistics: new Statistics().memory,
    maximumConnections: Math.max(1, Math.ceil(maximumConnections / workers)),
    disabledFeatures: selected.disabledFeatures,
    server: shareOf(config, workers),
  }));
}

/** A worker's configuration: its part of what is counted over all of them. */
function shareOf(config: ServerConfig, workers: number): ServerConfig {
  const listeners = config.listeners.map((listener) => ({
    ...listener,
    maximumConnections: Math.ceil(listener.maximumConnections / workers),
  }));
  return { ...config, listeners };
}

/** Each relayed connection takes two descriptors. */
function connectionsAllowed(library: Library | null): number {
  if (library === null) return Number.MAX_SAFE_INTEGER;
  const limit = library.functions.ringway_raise_descriptor_limit(DESCRIPTORS_WANTED);
  return Math.max(1, Math.floor((limit - RESERVED_DESCRIPTORS) / 2));
}

/** What a running proxy consists of. */
interface Parts {
  readonly watches: readonly EndpointWatch[];
  readonly listeners: Listeners;
  readonly supervisor: Supervisor;
  readonly configs: readonly WorkerConfig[];
  readonly accessLog: AccessLogFile | null;
}

function running(config: ServerConfig, socketInterface: SelectedInterface, parts: Parts): RunningProxy {
  const { watches, listeners, supervisor, configs, accessLog } = parts;
  const all = configs.map((worker) => new Statistics(worker.statistics));
  const statistics = () => {
    const sum = new Statistics().read();
    for (const name of Object.keys(sum) as StatisticName[]) {
      for (const one of all) sum[name] += one.read()[name];
    }
    return sum;
  };
  const stopWatching = () => {
    for (const watch of watches) watch.stop();
  };
  const close = async () => {
    stopWatching();
    await supervisor.stop();
    listeners.close();
    await accessLog?.close();
  };
  return {
    addresses: listeners.addresses,
    socketInterface,
    workers: configs.length,
    endpoints: () => watches.map((watch) => watch.endpoints),
    statistics,
    async drain() {
      stopWatching();
      const { closed, drained } = supervisor.drain();
      // From here on nobody would accept: whoever connects is better refused than left waiting.
      const isDrained = await withTimeout(
        closed.then(() => listeners.close()).then(() => drained),
        config.drainTimeoutMs,
      );
      const cut = isDrained ? 0 : statistics().downstream_connections_active;
      await close();
      return cut;
    },
    close,
  };
}

async function withTimeout(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const finished = await Promise.race([work.then(() => true), expired]);
  clearTimeout(timer);
  return finished;
}
