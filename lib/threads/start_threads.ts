/**
 * Runs a module on several threads, each with a ring of its own.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import { type Library, loadLibrary } from "../../ffi/library.ts";
import { type ThreadModule, threadModuleUrl } from "../../ffi/thread_module.ts";
import type { SocketAddress } from "../net/address.ts";
import { defaultIoUringOptions, type IoUringOptions, ringOptions } from "../net/io_uring_options.ts";
import { type SelectedInterface, selectSocketInterface } from "../net/socket_interface.ts";
import { type AddressLike, toAddress } from "../sockets/address_like.ts";
import { warn } from "../sockets/problems.ts";
import { assertPostable, cloneError } from "./cloning.ts";
import { ThreadError } from "./errors.ts";
import { checkListeners, type ListenAddress, type Listeners, openThreadListeners } from "./listeners.ts";
import { checkedCount, optionError, type ThreadsOptions, timeoutMs } from "./options.ts";
import { ThreadGroup, type ThreadGroupOptions } from "./thread_group.ts";
import { moduleUrl } from "./thread_module.ts";
import type { PostedProblem, UserReply, UserStart } from "./user_messages.ts";

/** What a thread begins with. */
const ENTRY: ThreadModule = {
  path: "lib/threads/thread_entry",
  specifier: "@ringway/proxy/thread",
  option: "threadUrl",
};
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5000;
/** Connections that wait in the kernel, per listener and thread. */
const BACKLOG = 4096;

/** Threads that run. They keep the process alive until they are stopped. `Posted` is the type of what they are told. */
export interface Threads<Posted = unknown> extends AsyncDisposable {
  /** How many there are. */
  readonly count: number;
  /** Which driver their sockets are on, and why. */
  readonly selected: SelectedInterface;
  /** Where they listen, with the ports that the kernel chose: of the option `listen`, in its order. */
  readonly addresses: readonly SocketAddress[];
  /** Resolves when no thread is left: after {@linkcode stop}, or when all have crashed and none is restarted. */
  readonly ended: Promise<void>;
  /**
   * Tell something to one thread, by its number, or to all. A thread that crashed and is not back yet does not hear it.
   * What is in `transfer` is moved instead of copied, which only one thread can be told.
   *
   * @throws {ThreadError} `ERR_THREAD_MESSAGE` for what can't be cloned, `ERR_THREAD_STOPPED` after {@linkcode stop},
   * `ERR_THREAD_OPTION` for a number that no thread has
   */
  post(message: Posted, index?: number, transfer?: readonly Transferable[]): void;
  /**
   * Stop all threads: their `signal` is aborted, the functions for their end are called, then their sockets are closed.
   * Never rejects: a thread that takes longer than `timeoutMs` is ended, and reported as a problem.
   */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>;
}

/**
 * Run a module on several threads. Its default export is a function that each thread calls with a `Thread`: its
 * number, its sockets, the data to start with, and how to talk with the one that started it. Resolves when all of
 * these functions have returned; what is done then, such as serving connections, goes on until the threads are
 * stopped.
 *
 * @example
 * ```ts types
 * // echo_thread.ts
 * import type { ConnectionHandler, Thread } from "@ringway/proxy/threads";
 *
 * const echo: ConnectionHandler = {
 *   onConnect() {},
 *   onData: (connection, lease) => void connection.write(lease),
 *   onEnd: (connection) => connection.shutdownWrite(),
 *   onDrain() {},
 *   onClose() {},
 * };
 *
 * export default async function (thread: Thread): Promise<void> {
 *   await thread.listenWith({ onAccept: () => echo });
 * }
 * ```
 * ```ts fragment
 * // main.ts
 * import { formatAddress, startThreads } from "@ringway/proxy/threads";
 *
 * const module = new URL("./echo_thread.ts", import.meta.url);
 * await using threads = await startThreads(module, { count: 2, listen: "127.0.0.1:0" });
 * console.log(threads.addresses.map(formatAddress), threads.selected.reason);
 * ```
 *
 * @throws {ThreadError} `ERR_THREAD_MODULE`, `ERR_THREAD_OPTION`, `ERR_THREAD_START`, `ERR_THREAD_TIMEOUT`,
 * `ERR_THREAD_MESSAGE`
 * @throws {RingwayError} what a module's function threw; why io_uring can't be used, if it was asked for by `"uring"`;
 * a `SocketError` for an address that can't be listened on
 */
export async function startThreads<Data = unknown, Received = unknown, Posted = unknown>(
  module: URL | string,
  options: ThreadsOptions<Data, Received, Posted> = {},
): Promise<Threads<Posted>> {
  const { signal } = options;
  const url = moduleUrl(module);
  const count = checkedCount(options.count ?? "auto");
  const startTimeoutMs = timeoutMs("startTimeoutMs", options.startTimeoutMs ?? START_TIMEOUT_MS);
  const stopTimeoutMs = timeoutMs("stopTimeoutMs", options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
  const addresses = listenAddresses(options.listen ?? []);
  assertPostable("The data for threads", options.data);
  signal?.throwIfAborted();
  const ioUring: IoUringOptions = { ...defaultIoUringOptions, ...options.ioUring };
  const selected = await selectSocketInterface({
    wanted: options.socketInterface ?? "auto",
    ringOptions: ringOptions(ioUring, 0),
    rings: count,
  });
  const library = selected.driver === "uring" ? await loadLibrary() : null;
  const listeners = await listen(library, addresses, count);
  const shared = { count, module: url, data: options.data, selected, libraryPath: library?.path ?? null, ioUring };
  const group = new RunningThreads<Posted>({
    selected,
    listeners,
    stopTimeoutMs,
    onMessage: (message, index, threads) => options.onMessage?.(message as Received, index, threads),
    onProblem: options.onProblem ?? warn,
    group: {
      url: options.threadUrl ?? threadModuleUrl(ENTRY),
      library,
      count,
      startTimeoutMs,
      isReplacing: options.restart ?? true,
      startWith: (index) => ({
        ...shared,
        index,
        loop: options.loop ?? "parked",
        addresses: listeners.addresses,
        listeners: listeners.perThread[index] ?? [],
      }),
      startFailed: (index, reason) => startError(index, `could not start: ${reason}`, "ERR_THREAD_START"),
      startTimedOut: (index, timeoutMs) => startError(index, tookTooLong(url, timeoutMs), "ERR_THREAD_TIMEOUT"),
    },
  });
  await group.start(signal);
  return group;
}

function listenAddresses(listen: AddressLike | readonly AddressLike[]): ListenAddress[] {
  const all = Array.isArray(listen) ? (listen as readonly AddressLike[]) : [listen as AddressLike];
  return all.map((address, owner) => ({ address: toAddress(address, "listen"), owner }));
}

async function listen(library: Library | null, addresses: readonly ListenAddress[], count: number): Promise<Listeners> {
  if (library === null) return await checkListeners(addresses, count);
  return openThreadListeners(library, addresses, count, BACKLOG);
}

function startError(index: number, what: string, code: "ERR_THREAD_START" | "ERR_THREAD_TIMEOUT"): ThreadError {
  return new ThreadError(code, "start threads", `Thread ${index} ${what}`);
}

function tookTooLong(url: string, timeoutMs: number): string {
  return (
    `was not ready after ${timeoutMs} ms: the default function of ${url} has to return, or its promise to settle, ` +
    "once the thread is ready; do not wait there for what goes on until the end"
  );
}

/** What running threads are made of. */
interface Parts<Posted> {
  readonly selected: SelectedInterface;
  readonly listeners: Listeners;
  readonly stopTimeoutMs: number;
  onMessage(message: unknown, index: number, threads: Threads<Posted>): void;
  onProblem(problem: RingwayError, index: number): void;
  readonly group: Omit<ThreadGroupOptions<UserStart, UserReply>, "onMessage" | "onCrash" | "onGone">;
}

class RunningThreads<Posted> implements Threads<Posted> {
  readonly count: number;
  readonly selected: SelectedInterface;
  readonly addresses: readonly SocketAddress[];
  readonly ended: Promise<void>;
  readonly #parts: Parts<Posted>;
  readonly #group: ThreadGroup<UserStart, unknown, UserReply>;
  #end: () => void = () => {};
  /** Threads that run or will be replaced. */
  #left: number;
  #stopping: Promise<void> | null = null;

  constructor(parts: Parts<Posted>) {
    this.#parts = parts;
    this.count = parts.group.count;
    this.#left = this.count;
    this.selected = parts.selected;
    this.addresses = parts.listeners.addresses;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#group = new ThreadGroup({
      ...parts.group,
      onMessage: (index, reply) => this.#receive(index, reply),
      onCrash: (index, reason, replaceMs) => this.#onCrash(index, reason, replaceMs),
      onGone: (index) => this.#onGone(index),
    });
  }

  /** Rejects with why they can't start, or with the signal's reason. None is left then. */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const stop = () => void this.stop();
    signal?.addEventListener("abort", stop);
    void this.ended.then(() => signal?.removeEventListener("abort", stop));
    try {
      signal?.throwIfAborted();
      await this.#group.start(this.#parts.stopTimeoutMs);
    } catch (error) {
      await this.stop();
      signal?.throwIfAborted();
      throw cloneError("The data for threads", error);
    }
  }

  post(message: Posted, index?: number, transfer: readonly Transferable[] = []): void {
    if (this.#stopping !== null) {
      throw new ThreadError("ERR_THREAD_STOPPED", "post a message", "Cannot post a message: the threads were stopped");
    }
    if (index !== undefined && !(Number.isInteger(index) && index >= 0 && index < this.count)) {
      throw optionError(`No thread has the number ${index}: they are numbered from 0 to ${this.count - 1}`);
    }
    if (index === undefined && transfer.length > 0 && this.count > 1) {
      throw optionError("What is transferred goes to one thread: give its number");
    }
    assertPostable("A message to threads", message);
    try {
      this.#group.post(message, index, [...transfer]);
    } catch (error) {
      throw cloneError("A message to threads", error);
    }
  }

  stop(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeout = timeoutMs("timeoutMs", options.timeoutMs ?? this.#parts.stopTimeoutMs);
    this.#stopping ??= this.#stop(timeout);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<void> {
    for (const index of await this.#group.stop(timeoutMs)) {
      const message = `Thread ${index} did not stop within ${timeoutMs} ms, and was ended`;
      this.#parts.onProblem(new ThreadError("ERR_THREAD_TIMEOUT", "stop threads", message), index);
    }
    this.#parts.listeners.close();
    this.#end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #receive(index: number, reply: UserReply): void {
    if (reply.type === "message") this.#parts.onMessage(reply.message, index, this);
    else this.#parts.onProblem(problemOf(reply.problem), index);
  }

  #onCrash(index: number, reason: string, replaceMs: number | null): void {
    const then = replaceMs === null ? "is not replaced" : `is replaced in ${replaceMs} ms`;
    const message = `Thread ${index} crashed and ${then}: ${reason}`;
    this.#parts.onProblem(new ThreadError("ERR_THREAD_CRASH", "run a thread", message), index);
  }

  #onGone(index: number): void {
    if (this.#parts.group.isReplacing) return;
    // Its connections would wait in vain.
    this.#parts.listeners.closeOf(index);
    this.#left--;
    if (this.#left === 0) void this.stop();
  }
}

function problemOf({ message, code, source, operation, stack }: PostedProblem): RingwayError {
  const cause = Object.assign(new Error(message), { stack });
  return new RingwayError(message, { code, source, operation, cause });
}
