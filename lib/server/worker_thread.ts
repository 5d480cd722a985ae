/**
 * A worker as the main thread sees it: started, told things, stopped, and missed when it is gone.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { Library } from "../../ffi/library.ts";
import type { EndpointState } from "../proxy/endpoint.ts";
import { closeRing, wakeRing } from "../ring/ring.ts";
import type { LogLevel } from "./config.ts";
import { type FromWorker, MessageCounter, type ToWorker } from "./messages.ts";
import type { WorkerConfig } from "./worker_config.ts";

/** How long starting or stopping a worker may take. */
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
/**
 * After a thread was told to end, before its ring is closed for it. A wait in the kernel lasts up to
 * 100 ms, and only Bun interrupts it.
 */
const THREAD_END_MS = 250;

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
  readonly #worker: Worker;
  readonly #library: Library | null;
  readonly #handler: WorkerThreadHandler;
  readonly #waiting = new Map<FromWorker["type"], () => void>();
  readonly #sent: MessageCounter = new MessageCounter();
  #rejectStep: ((error: RingwayError) => void) | null = null;
  #ringHandle: number | null = null;
  #ended = false;
  #stopping: Promise<void> | null = null;
  #killed: Promise<void> = Promise.resolve();

  /** Start a thread; it does nothing before {@linkcode start}. */
  constructor(url: URL, library: Library | null, handler: WorkerThreadHandler) {
    this.#library = library;
    this.#handler = handler;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#receive(event.data);
    this.#worker.onerror = (event) => {
      // Or it would be thrown again here, and end the process.
      event.preventDefault();
      this.#onCrash(event.message);
    };
    // Only Bun tells when a thread has ended.
    this.#worker.addEventListener("close", () => this.#onCrash("the thread ended"));
  }

  /** Resolves when everything is there, and nothing is left but to {@linkcode listen}. */
  start(config: WorkerConfig): Promise<void> {
    return this.#step("prepared", () => {
      this.#worker.postMessage({ type: "start", config, sent: this.#sent.memory } satisfies ToWorker);
    });
  }

  /** Resolves when it accepts connections. */
  listen(): Promise<void> {
    return this.#step("ready", () => this.#post({ type: "listen" }));
  }

  /** A step of the start: it may fail, take too long, or be the worker's last one. */
  async #step(answer: FromWorker["type"], begin: () => void): Promise<void> {
    if (this.#ended) throw workerError("it ended before it was started");
    const failed = new Promise<never>((_, reject) => {
      this.#rejectStep = reject;
    });
    const answered = this.#answer(answer, START_TIMEOUT_MS, "a worker did not start");
    begin();
    try {
      await Promise.race([answered, failed]);
    } finally {
      this.#rejectStep = null;
      this.#forget(answer);
    }
  }

  /** Change the endpoints of a cluster, by its index. */
  setEndpoints(cluster: number, states: readonly EndpointState[]): void {
    this.#post({ type: "endpoints", cluster, states });
  }

  /** Resolves when nothing is left of one that crashed. */
  get gone(): Promise<void> {
    return this.#killed;
  }

  /** Another worker has stopped to accept from the same listeners. */
  look(): void {
    this.#post({ type: "look" });
  }

  /**
   * Accept no more: `closed` resolves when that is so, `drained` when its last connection has ended. One without a
   * request may have one more within `idleMs`.
   */
  drain(idleMs: number): { closed: Promise<void>; drained: Promise<void> } {
    const closed = new Promise<void>((resolve) => this.#waiting.set("closed", resolve));
    const drained = new Promise<void>((resolve) => this.#waiting.set("drained", resolve));
    this.#post({ type: "drain", idleMs });
    if (this.#ended) for (const resolve of this.#waiting.values()) resolve();
    return { closed, drained };
  }

  /** Close everything and end the thread. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#rejectStep?.(workerError("it was stopped"));
    if (this.#ended) return;
    const stopped = this.#answer("stopped", STOP_TIMEOUT_MS, "a worker did not stop");
    this.#post({ type: "stop" });
    try {
      await stopped;
      this.#ended = true;
      this.#worker.terminate();
    } catch {
      await this.#kill();
    }
  }

  /** Resolves when the worker says so, or is gone; rejects when it takes too long. */
  #answer(type: FromWorker["type"], timeoutMs: number, failure: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(type);
        reject(new RingwayError(failure, { code: "ERR_WORKER", source: "internal", operation: type }));
      }, timeoutMs);
      this.#waiting.set(type, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Its answer, if it is still to come, is of no interest any more. */
  #forget(type: FromWorker["type"]): void {
    this.#waiting.get(type)?.();
    this.#waiting.delete(type);
  }

  #post(message: ToWorker): void {
    if (this.#ended) return;
    this.#sent.add();
    this.#worker.postMessage(message);
    if (this.#ringHandle !== null && this.#library !== null) wakeRing(this.#library, this.#ringHandle);
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "log":
        this.#handler.onLog(message.level, message.message);
        return;
      case "access-log":
        this.#handler.onAccessLog(message.bytes);
        return;
      case "failed":
        if (this.#rejectStep === null) {
          this.#onCrash(message.stack);
          return;
        }
        this.#rejectStep(
          new RingwayError(message.message, { code: message.code, source: "internal", operation: "start a worker" }),
        );
        return;
      case "prepared":
        this.#ringHandle = message.ringHandle;
    }
    const waiting = this.#waiting.get(message.type);
    this.#waiting.delete(message.type);
    waiting?.();
  }

  #onCrash(reason: string): void {
    if (this.#ended) return;
    this.#killed = this.#kill();
    if (this.#rejectStep !== null) {
      this.#rejectStep(workerError(reason));
      return;
    }
    for (const resolve of this.#waiting.values()) resolve();
    this.#handler.onCrash(reason);
  }

  /** End the thread, then close what it left: its ring, and with it all of its connections. */
  async #kill(): Promise<void> {
    this.#ended = true;
    this.#worker.terminate();
    const handle = this.#ringHandle;
    if (handle === null || this.#library === null) return;
    await new Promise((resolve) => setTimeout(resolve, THREAD_END_MS));
    closeRing(this.#library, handle);
  }
}

function workerError(reason: string): RingwayError {
  const options = { code: "ERR_WORKER", source: "internal", operation: "start a worker" } as const;
  return new RingwayError(`A worker thread could not start: ${reason}`, options);
}
