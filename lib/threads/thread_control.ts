/**
 * A thread as the one that started it sees it: started, told things, stopped, and missed when it is gone.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { Library } from "../../ffi/library.ts";
import { closeRing, wakeRing } from "../ring/ring.ts";
import { failureError } from "./failure.ts";
import { MessageCounter } from "./message_counter.ts";
import type { FromThread, ToThread } from "./messages.ts";

/**
 * After a thread was told to end, before its ring is closed for it. A wait in the kernel lasts up to
 * 100 ms, and only Bun interrupts it.
 */
const THREAD_END_MS = 250;

/** What a thread is made with, and who is told what becomes of it. */
export interface ThreadControlOptions<Reply> {
  /** The module that the thread begins with. It calls `runThread`. */
  readonly url: URL;
  /** The shim, if the thread may have a ring. */
  readonly library: Library | null;
  /** It said something. */
  onMessage(message: Reply): void;
  /** It is gone, and all of its connections with it. Not called before it is ready: then its start rejects. */
  onCrash(reason: string): void;
  /** The error for a thread that ended before it was ready. */
  startFailed(reason: string): RingwayError;
  /** The error for a thread that was not ready in time. */
  startTimedOut(timeoutMs: number): RingwayError;
}

interface Starting {
  resolve(): void;
  reject(error: unknown): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One thread. */
export class ThreadControl<Start, Message, Reply> {
  readonly #worker: Worker;
  readonly #options: ThreadControlOptions<Reply>;
  readonly #sent: MessageCounter = new MessageCounter();
  #ringHandle: number | null = null;
  #starting: Starting | null = null;
  #onStopped: (() => void) | null = null;
  #stopping: Promise<boolean> | null = null;
  #hasEnded = false;
  #gone: Promise<void> = Promise.resolve();

  /** Start a thread; it does nothing before {@linkcode start}. */
  constructor(options: ThreadControlOptions<Reply>) {
    this.#options = options;
    this.#worker = new Worker(options.url, { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<FromThread<Reply>>) => this.#receive(event.data);
    this.#worker.onerror = (event) => {
      // Or it would be thrown again here, and end the process.
      event.preventDefault();
      this.#onCrash(event.message);
    };
    // Only Bun tells when a thread has ended.
    this.#worker.addEventListener("close", () => this.#onCrash("the thread ended"));
  }

  /** Resolves when it is ready. Rejects with why it is not; it may have to be stopped even then. */
  start(start: Start, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#endStart(this.#options.startTimedOut(timeoutMs));
        void this.end();
      }, timeoutMs);
      this.#starting = { resolve, reject, timer };
      try {
        this.#worker.postMessage({ type: "start", start, sent: this.#sent.memory } satisfies ToThread<Start, Message>);
      } catch (error) {
        this.#endStart(error);
      }
    });
  }

  /** Is it gone, by an end of whatever kind? */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves when nothing is left of one that crashed. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  /** Say something to it. A thread that has ended does not hear it. Throws what `postMessage` throws. */
  post(message: Message, transfer: Transferable[] = []): void {
    this.#post({ type: "message", message }, transfer);
  }

  /** Have it close everything, and end it. False if it had to be ended, as it did not do so in time. */
  stop(timeoutMs: number): Promise<boolean> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<boolean> {
    this.#endStart(this.#options.startFailed("it was stopped"));
    const isStopped = this.#hasEnded || (await this.#askToStop(timeoutMs));
    if (!isStopped) await this.end();
    if (!this.#hasEnded) this.#worker.terminate();
    this.#hasEnded = true;
    await this.#gone;
    return isStopped;
  }

  /** End it in the middle of what it does. */
  end(): Promise<void> {
    if (!this.#hasEnded) this.#gone = this.#kill();
    return this.#gone;
  }

  #askToStop(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onStopped = () => {
        clearTimeout(timer);
        resolve(true);
      };
      this.#post({ type: "stop" });
    });
  }

  #post(message: ToThread<Start, Message>, transfer: Transferable[] = []): void {
    if (this.#hasEnded) return;
    this.#sent.add();
    try {
      this.#worker.postMessage(message, transfer);
    } catch (error) {
      this.#sent.takeBack();
      throw error;
    }
    if (this.#ringHandle !== null && this.#options.library !== null) wakeRing(this.#options.library, this.#ringHandle);
  }

  #receive(message: FromThread<Reply>): void {
    switch (message.type) {
      case "ring":
        this.#ringHandle = message.handle;
        return;
      case "ready":
        this.#endStart(null);
        return;
      case "message":
        this.#options.onMessage(message.message);
        return;
      case "failed":
        this.#endStart(failureError(message.failure));
        return;
      case "crashed":
        this.#onCrash(message.reason);
        return;
      case "stopped":
        this.#onStopped?.();
    }
  }

  #endStart(error: unknown): void {
    const starting = this.#starting;
    if (starting === null) return;
    this.#starting = null;
    clearTimeout(starting.timer);
    if (error === null) starting.resolve();
    else starting.reject(error);
  }

  #onCrash(reason: string): void {
    if (this.#hasEnded) return;
    this.#gone = this.#kill();
    if (this.#starting !== null) {
      this.#endStart(this.#options.startFailed(reason));
      return;
    }
    if (this.#onStopped !== null) this.#onStopped();
    else this.#options.onCrash(reason);
  }

  /** End the thread, then close what it left: its ring, and with it all of its connections. */
  async #kill(): Promise<void> {
    this.#hasEnded = true;
    this.#worker.terminate();
    const handle = this.#ringHandle;
    if (handle === null || this.#options.library === null) return;
    await new Promise((resolve) => setTimeout(resolve, THREAD_END_MS));
    closeRing(this.#options.library, handle);
  }
}
