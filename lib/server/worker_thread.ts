/**
 * A worker as the main thread sees it: started, told things, stopped, and missed when it is gone.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { Library } from "../../ffi/library.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import { failureError } from "../threads/failure.ts";
import { ThreadControl } from "../threads/thread_control.ts";
import type { LogLevel } from "./config.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import type { WorkerConfig } from "./worker_config.ts";

/** How long each step of the start, or stopping a worker, may take, on a machine that has a lot to do. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

/** Told what happens to a worker. */
export interface WorkerThreadHandler {
  /** Something for the log. */
  onLog(level: LogLevel, message: string): void;
  /** Lines for the access log. */
  onAccessLog(bytes: Uint8Array): void;
  /** It is gone, and all of its connections with it. */
  onCrash(reason: string): void;
}

/** One worker thread. */
export class WorkerThread {
  readonly #thread: ThreadControl<WorkerStart, ToWorker, FromWorker>;
  readonly #handler: WorkerThreadHandler;
  /** Called once it listens, with `null`, or with why it does not. */
  #onListening: ((error: RingwayError | null) => void) | null = null;
  #onClosed: () => void = () => {};
  #onDrained: () => void = () => {};

  /** Start a thread; it does nothing before {@linkcode start}. */
  constructor(url: URL, library: Library | null, handler: WorkerThreadHandler) {
    this.#handler = handler;
    this.#thread = new ThreadControl({
      url,
      library,
      onMessage: (message) => this.#receive(message),
      onCrash: (reason) => this.#onCrash(reason),
      startFailed: workerError,
      startTimedOut: tookTooLong,
    });
  }

  /** Resolves when everything is there, and nothing is left but to {@linkcode listen}. */
  start(config: WorkerConfig): Promise<void> {
    return this.#thread.start({ type: "serve", config }, START_TIMEOUT_MS);
  }

  /** Resolves when it accepts connections. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#thread.hasEnded) throw workerError("it ended before it was started");
      const timer = setTimeout(() => this.#endListen(tookTooLong()), START_TIMEOUT_MS);
      this.#onListening = (error) => {
        clearTimeout(timer);
        if (error === null) resolve();
        else reject(error);
      };
      this.#thread.post({ type: "listen" });
    });
  }

  #endListen(error: RingwayError | null): void {
    const onListening = this.#onListening;
    this.#onListening = null;
    onListening?.(error);
  }

  /** Change the endpoints of a cluster, by its index. */
  setEndpoints(cluster: number, states: readonly EndpointState[]): void {
    this.#thread.post({ type: "endpoints", cluster, states });
  }

  /** Resolves when nothing is left of one that crashed. */
  get gone(): Promise<void> {
    return this.#thread.gone;
  }

  /** Another worker has stopped to accept from the same listeners. */
  look(): void {
    this.#thread.post({ type: "look" });
  }

  /**
   * Accept no more: `closed` resolves when that is so, `drained` when its last connection has ended. One without a
   * request may have one more within `idleMs`.
   */
  drain(idleMs: number): { closed: Promise<void>; drained: Promise<void> } {
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve;
    });
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
    this.#thread.post({ type: "drain", idleMs });
    if (this.#thread.hasEnded) this.#endDrain();
    return { closed, drained };
  }

  #endDrain(): void {
    this.#onClosed();
    this.#onDrained();
  }

  /** Close everything and end the thread. */
  async stop(): Promise<void> {
    this.#endListen(workerError("it was stopped"));
    await this.#thread.stop(STOP_TIMEOUT_MS);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "log":
        this.#handler.onLog(message.level, message.message);
        return;
      case "access-log":
        this.#handler.onAccessLog(message.bytes);
        return;
      case "listening":
        this.#endListen(null);
        return;
      case "listen-failed":
        this.#endListen(failureError(message.failure));
        return;
      case "closed":
        this.#onClosed();
        return;
      case "drained":
        this.#onDrained();
    }
  }

  #onCrash(reason: string): void {
    if (this.#onListening !== null) {
      this.#endListen(workerError(reason));
      return;
    }
    this.#endDrain();
    this.#handler.onCrash(reason);
  }
}

const FAILURE = { code: "ERR_WORKER", source: "internal", operation: "start a worker" } as const;

function workerError(reason: string): RingwayError {
  return new RingwayError(`A worker thread could not start: ${reason}`, FAILURE);
}

function tookTooLong(): RingwayError {
  return new RingwayError("a worker did not start", FAILURE);
}
