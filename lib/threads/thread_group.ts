/**
 * Several threads of one kind: starts them, replaces one that crashed, stops them.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { Library } from "../../ffi/library.ts";
import { RestartDelay } from "./restart_delay.ts";
import { ThreadControl } from "./thread_control.ts";

/** What a group is made with. Each function is given the thread's number, from 0. */
export interface ThreadGroupOptions<Start, Reply> {
  /** The module that each thread begins with. It calls `runThread`. */
  readonly url: URL;
  /** The shim, if the threads may have rings. */
  readonly library: Library | null;
  /** How many threads. */
  readonly count: number;
  /** How long a thread may take until it is ready. */
  readonly startTimeoutMs: number;
  /** Is a thread that crashed replaced? */
  readonly isReplacing: boolean;
  /** What a thread is started with; asked for again when it is replaced. */
  startWith(index: number): Start;
  /** A thread said something. */
  onMessage(index: number, message: Reply): void;
  /** A thread is gone, and all of its connections with it. It is replaced after `replaceMs`, if that is not `null`. */
  onCrash(index: number, reason: string, replaceMs: number | null): void;
  /** Nothing is left of a thread that crashed. */
  onGone?(index: number): void;
  /** A thread that crashed was replaced, and its successor is ready. */
  onReplaced?(index: number): void;
  /** The error for a thread that ended before it was ready. */
  startFailed(index: number, reason: string): RingwayError;
  /** The error for a thread that was not ready in time. */
  startTimedOut(index: number, timeoutMs: number): RingwayError;
}

interface Place<Start, Message, Reply> {
  readonly index: number;
  thread: ThreadControl<Start, Message, Reply>;
  readonly delay: RestartDelay;
}

/** See the module. */
export class ThreadGroup<Start, Message, Reply> {
  readonly #options: ThreadGroupOptions<Start, Reply>;
  readonly #places: Place<Start, Message, Reply>[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isReplacing: boolean;
  #stopping: Promise<number[]> | null = null;

  /** A group whose threads are not started yet. */
  constructor(options: ThreadGroupOptions<Start, Reply>) {
    this.#options = options;
    this.#isReplacing = options.isReplacing;
  }

  /**
   * Start all threads. Resolves when all are ready; when one can't start, those that could are stopped, and it
   * rejects.
   */
  async start(stopTimeoutMs: number): Promise<void> {
    const { count, startTimeoutMs } = this.#options;
    try {
      for (let index = 0; index < count; index++) {
        const thread = this.#spawn(index);
        this.#places.push({ index, thread, delay: new RestartDelay() });
      }
      await Promise.all(
        this.#places.map(({ index, thread }) => thread.start(this.#options.startWith(index), startTimeoutMs)),
      );
    } catch (error) {
      await this.stop(stopTimeoutMs);
      throw error;
    }
  }

  /** Say something to a thread, or to all. Those that are about to be replaced do not hear it. */
  post(message: Message, index?: number, transfer?: Transferable[]): void {
    if (index === undefined) for (const { thread } of this.#places) thread.post(message, transfer);
    else this.#places[index]?.thread.post(message, transfer);
  }

  /** From now on, one that crashes is not replaced. */
  stopReplacing(): void {
    this.#isReplacing = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** End all threads. The numbers of those that had to be ended, as they did not do so in time. */
  stop(timeoutMs: number): Promise<number[]> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<number[]> {
    this.stopReplacing();
    const stopped = await Promise.all(this.#places.map(({ thread }) => thread.stop(timeoutMs)));
    return stopped.flatMap((isStopped, index) => (isStopped ? [] : [index]));
  }

  #spawn(index: number): ThreadControl<Start, Message, Reply> {
    const options = this.#options;
    return new ThreadControl({
      url: options.url,
      library: options.library,
      onMessage: (message) => options.onMessage(index, message),
      onCrash: (reason) => this.#onCrash(index, reason),
      startFailed: (reason) => options.startFailed(index, reason),
      startTimedOut: (timeoutMs) => options.startTimedOut(index, timeoutMs),
    });
  }

  #onCrash(index: number, reason: string): void {
    const place = this.#places[index];
    if (place === undefined || this.#stopping !== null) return;
    if (this.#options.onGone !== undefined) void place.thread.gone.then(() => this.#options.onGone?.(index));
    if (!this.#isReplacing) {
      this.#options.onCrash(index, reason, null);
      return;
    }
    const delayMs = place.delay.next();
    this.#options.onCrash(index, reason, delayMs);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#replace(place);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #replace(place: Place<Start, Message, Reply>): Promise<void> {
    // The kernel tells one ring of a connection: the crashed thread's, on the same listener, would not answer it.
    await place.thread.gone;
    if (!this.#isReplacing) return;
    place.delay.restarted();
    try {
      place.thread = this.#spawn(place.index);
      await place.thread.start(this.#options.startWith(place.index), this.#options.startTimeoutMs);
      this.#options.onReplaced?.(place.index);
    } catch (error) {
      await place.thread.stop(0);
      this.#onCrash(place.index, error instanceof Error ? error.message : String(error));
    }
  }
}
