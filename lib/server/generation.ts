/**
 * A configuration at work: its workers, what it knows of endpoints, and its access log. A proxy whose configuration is
 * changed has several of these for a while: the newest accepts connections, the others end those that they have.
 *
 * @module
 */
import type { Library } from "../../ffi/library.ts";
import type { SelectedInterface } from "../net/socket_interface.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import { Statistics } from "../proxy/statistics.ts";
import { AccessLogFile } from "./access_log_file.ts";
import type { LogLevel } from "./config.ts";
import { type ClusterEndpoints, EndpointWatch } from "./endpoint_watch.ts";
import { createProbe } from "./health/create_probe.ts";
import type { Probe } from "./health/probe.ts";
import type { ListenerPlan } from "./listener_set.ts";
import type { NameServer } from "./name_server.ts";
import type { ServerConfig } from "./server_config.ts";
import { Supervisor } from "./supervisor.ts";
import type { WorkerConfig } from "./worker_config.ts";

/** Descriptors that the process needs for other things than relayed connections. */
const RESERVED_DESCRIPTORS = 100;
/** The kernel's default for fs.nr_open. */
const DESCRIPTORS_WANTED = 1 << 20;

/** What all configurations of a proxy have in common. */
export interface GenerationContext {
  /** The driver of all workers. */
  readonly selected: SelectedInterface;
  /** The shim, if the workers use it. */
  readonly library: Library | null;
  /** The workers' module. */
  readonly workerUrl: URL;
  /** What is asked for addresses. */
  readonly nameServer: NameServer;
  /** Where messages go. */
  readonly log: (level: LogLevel, message: string) => void;
}

/** See the module. */
export class Generation {
  /** What it was made from. */
  readonly config: ServerConfig;
  readonly #context: GenerationContext;
  readonly #watches: readonly EndpointWatch[];
  readonly #accessLog: AccessLogFile | null;
  #workers: readonly WorkerConfig[] = [];
  #supervisor: Supervisor | null = null;
  #isStopped = false;

  private constructor(
    config: ServerConfig,
    context: GenerationContext,
    probes: readonly Probe[],
    accessLog: AccessLogFile | null,
  ) {
    this.config = config;
    this.#context = context;
    this.#accessLog = accessLog;
    this.#watches = config.clusters.map((cluster, index) => {
      return new EndpointWatch(cluster, config, {
        probe: probes[index] as Probe,
        nameServer: context.nameServer,
        log: context.log,
        onStates: (states) => this.#supervisor?.setEndpoints(index, states),
      });
    });
  }

  /**
   * One that has no workers yet, with all names resolved. What an `earlier` one knows of endpoints is taken over.
   * Rejects with a RingwayError, and leaves nothing behind.
   */
  static async create(
    config: ServerConfig,
    context: GenerationContext,
    earlier: readonly ClusterEndpoints[],
  ): Promise<Generation> {
    const probes = await Promise.all(config.clusters.map(({ healthCheck }) => createProbe(healthCheck)));
    const onProblem = (message: string) => context.log("warning", message);
    const accessLog = config.accessLog === "" ? null : await AccessLogFile.open(config.accessLog, { onProblem });
    const generation = new Generation(config, context, probes, accessLog);
    try {
      await Promise.all(
        generation.#watches.map((watch) => {
          return watch.resolve(earlier.find(({ cluster }) => cluster === watch.endpoints.cluster) ?? null);
        }),
      );
    } catch (error) {
      await generation.stop();
      throw error;
    }
    return generation;
  }

  /** Start the workers. Resolves when they could accept connections; rejects, and none is left, when one can't. */
  async start(listeners: ListenerPlan): Promise<void> {
    const { workerUrl, library, log } = this.#context;
    // Only now: names may have been resolved again meanwhile. From here on the supervisor is told.
    this.#workers = workerConfigs(
      this.config,
      this.#context,
      listeners,
      this.#watches.map(({ states }) => states),
    );
    const accessLog = this.#accessLog;
    this.#supervisor = new Supervisor({ workerUrl, library, configs: this.#workers, log, accessLog });
    await this.#supervisor.start();
  }

  /** Accept connections. Rejects, and no worker is left, when one can't. */
  async listen(): Promise<void> {
    await this.#supervisor?.listen();
    if (this.#isStopped) return;
    for (const watch of this.#watches) watch.startChecks();
  }

  /** How many workers it has. */
  get workers(): number {
    return this.#workers.length;
  }

  /** What is known of the endpoints. */
  get endpoints(): ClusterEndpoints[] {
    return this.#watches.map((watch) => watch.endpoints);
  }

  /** The numbers of each worker. */
  get statistics(): Statistics[] {
    return this.#workers.map(({ statistics }) => new Statistics(statistics));
  }

  /** Look whether another generation has left connections at the listeners. */
  look(): void {
    this.#supervisor?.look();
  }

  /**
   * Accept no more: `closed` resolves when that is so, `drained` when no connection is left. One without a request may
   * have one more within `idleMs`.
   */
  drain(idleMs: number): { closed: Promise<unknown>; drained: Promise<unknown> } {
    this.#stopWatching();
    return this.#supervisor?.drain(idleMs) ?? { closed: Promise.resolve(), drained: Promise.resolve() };
  }

  /** Close all connections, and end all workers. May be called at any time, and again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopWatching();
    await this.#supervisor?.stop();
    await this.#accessLog?.close();
  }

  #stopWatching(): void {
    for (const watch of this.#watches) watch.stop();
  }
}

function workerConfigs(
  config: ServerConfig,
  { selected, library }: GenerationContext,
  listeners: ListenerPlan,
  endpoints: readonly (readonly EndpointState[])[],
): WorkerConfig[] {
  const workers = listeners.perWorker.length;
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
