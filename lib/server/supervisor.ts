/**
 * Keeps the workers of one configuration: starts them, replaces one that crashed, drains and stops them.
 *
 * @module
 */
import type { Library } from "../../ffi/library.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import { RestartDelay } from "../threads/restart_delay.ts";
import type { AccessLogFile } from "./access_log_file.ts";
import type { LogLevel } from "./config.ts";
import type { WorkerConfig } from "./worker_config.ts";
import { WorkerThread } from "./worker_thread.ts";

interface Place {
  readonly config: WorkerConfig;
  thread: WorkerThread;
  readonly delay: RestartDelay;
  /** Has it crashed, and the next one is not there yet? */
  isReplaced: boolean;
}

/** What a supervisor needs. */
export interface SupervisorOptions {
  /** The worker's module. */
  readonly workerUrl: URL;
  /** The shim, if the workers use it. */
  readonly library: Library | null;
  /** One for each worker. */
  readonly configs: readonly WorkerConfig[];
  /** Where messages go. */
  readonly log: (level: LogLevel, message: string) => void;
  /** Where the workers' access logs go. */
  readonly accessLog: AccessLogFile | null;
}

/** All workers of one configuration. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #places: Place[] = [];
  /** Those that changed since the start, by the index of their cluster. */
  readonly #endpoints = new Map<number, readonly EndpointState[]>();
  /** Is a worker that crashes replaced? */
  #isKept = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  /** A supervisor whose workers are not started yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** How many workers there are, those being replaced included. */
  get size(): number {
    return this.#places.length;
  }

  /** Start all workers. Resolves when all could accept connections; rejects when one can't start. */
  async start(): Promise<void> {
    const starting = this.#options.configs.map((config) => {
      const place: Place = {
        config,
        delay: new RestartDelay(),
        isReplaced: false,
        thread: this.#spawn(config),
      };
      this.#places.push(place);
      return place.thread.start(config);
    });
    await this.#all(starting);
  }

  /** Resolves when all accept connections; rejects when one can't. */
  async listen(): Promise<void> {
    // Before that, one that crashes has not done anything yet.
    this.#isKept = true;
    await this.#all(this.#places.map(({ thread }) => thread.listen()));
  }

  /** All do it, or all are stopped. */
  async #all(steps: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(steps);
    } catch (error) {
      await Promise.allSettled(steps);
      await this.stop();
      throw error;
    }
  }

  #spawn(config: WorkerConfig): WorkerThread {
    return new WorkerThread(this.#options.workerUrl, this.#options.library, {
      onLog: (level, message) => this.#options.log(level, `worker ${config.index}: ${message}`),
      onAccessLog: (bytes) => this.#options.accessLog?.write(bytes),
      onCrash: (reason) => this.#onCrash(config.index, reason),
    });
  }

  #onCrash(index: number, reason: string): void {
    if (!this.#isKept) return;
    const place = this.#places[index] as Place;
    if (place.isReplaced) return;
    place.isReplaced = true;
    const delayMs = place.delay.next();
    this.#options.log("error", `worker ${index} crashed and is replaced in ${delayMs} ms: ${reason}`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#replace(place);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #replace(place: Place): Promise<void> {
    // The kernel tells one ring of a connection: the crashed worker's, on the same listener, would not answer it.
    await place.thread.gone;
    if (!this.#isKept) return;
    place.delay.restarted();
    place.isReplaced = false;
    place.thread = this.#spawn(place.config);
    const endpoints = place.config.endpoints.map((first, cluster) => this.#endpoints.get(cluster) ?? first);
    try {
      await place.thread.start({ ...place.config, endpoints });
      await place.thread.listen();
      this.#options.log("info", `worker ${place.config.index} runs again`);
    } catch (error) {
      await place.thread.stop();
      this.#onCrash(place.config.index, error instanceof Error ? error.message : String(error));
    }
  }

  /** Change the endpoints of a cluster, by its index, in all workers. */
  setEndpoints(cluster: number, states: readonly EndpointState[]): void {
    this.#endpoints.set(cluster, states);
    for (const place of this.#places) place.thread.setEndpoints(cluster, states);
  }

  /** Workers of another configuration have stopped to accept from the same listeners. */
  look(): void {
    for (const { thread } of this.#places) thread.look();
  }

  /**
   * Accept no more: `closed` resolves when that is so, `drained` when no connection is left. One without a request may
   * have one more within `idleMs`.
   */
  drain(idleMs: number): { closed: Promise<unknown>; drained: Promise<unknown> } {
    this.#stopReplacing();
    const draining = this.#places.map(({ thread }) => thread.drain(idleMs));
    return {
      closed: Promise.all(draining.map(({ closed }) => closed)),
      drained: Promise.all(draining.map(({ drained }) => drained)),
    };
  }

  /** Close all connections and end all workers. */
  async stop(): Promise<void> {
    this.#stopReplacing();
    await Promise.all(this.#places.map((place) => place.thread.stop()));
  }

  #stopReplacing(): void {
    this.#isKept = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
