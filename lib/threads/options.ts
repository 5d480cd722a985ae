/**
 * How threads are started.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { IoUringOptions } from "../net/io_uring_options.ts";
import type { RequestedInterface } from "../net/socket_interface.ts";
import type { AddressLike } from "../sockets/address_like.ts";
import { ThreadError } from "./errors.ts";
import type { Threads } from "./start_threads.ts";
import { threadCount } from "./thread_count.ts";

/**
 * The options of `startThreads`. `Data` is the type of what the threads are started with, `Received` of what they say,
 * `Posted` of what they are told.
 */
export interface ThreadsOptions<Data = unknown, Received = unknown, Posted = unknown> {
  /**
   * How many threads, from 1 to 256; `"auto"`, which is the default: one per available processor, but
   * one where the system is not Linux.
   */
  readonly count?: number | "auto";
  /** Given to each thread, as a copy: see `Thread.data`. */
  readonly data?: Data;
  /**
   * Where all threads are to accept connections, see `Thread.listenWith`. The addresses are opened before any thread
   * starts; with port 0 all threads get the same port, see {@linkcode Threads.addresses}.
   */
  readonly listen?: AddressLike | readonly AddressLike[];
  /** Which driver: `"auto"` (io_uring if it works here), `"uring"` or `"default"`. */
  readonly socketInterface?: RequestedInterface;
  /** Sizes and times of each thread's ring. */
  readonly ioUring?: Partial<IoUringOptions>;
  /**
   * `"parked"`, which is the default: a thread blocks in its ring while nobody waits for a promise, which is fastest.
   * `"bridged"`: the runtime's own loop runs all the time, for threads whose work is mostly with what the runtime has.
   */
  readonly loop?: "parked" | "bridged";
  /**
   * Is a thread that crashed replaced by a new one? The first time 50 ms later, then after twice as long each time, up
   * to 5 s. Without it, the kernel gives its connections to the others. Default: true.
   */
  readonly restart?: boolean;
  /** How long a thread may take until its function has returned, in milliseconds. Default: 10,000. */
  readonly startTimeoutMs?: number;
  /** How long it may take to stop, in milliseconds, before it is ended. Default: 5000. */
  readonly stopTimeoutMs?: number;
  /** Stops the threads when it is aborted, also while they start. */
  readonly signal?: AbortSignal;
  /**
   * The module that a thread begins with; by default the package's own. A program that is bundled or compiled needs one
   * with nothing in it but `import "@ringway/proxy/thread";`.
   */
  readonly threadUrl?: URL;
  /** A thread said something. What it says before it is ready comes before `startThreads` is done. */
  onMessage?(message: Received, index: number, threads: Threads<Posted>): void;
  /**
   * Something went wrong that no caller can be told: a thread crashed, a handler threw, a promise was rejected that
   * nobody waited for. Without, it is a warning of the process.
   */
  onProblem?(problem: RingwayError, index: number): void;
}

/** As far as a runtime's timers go. */
const MAXIMUM_TIMEOUT_MS = 2 ** 31 - 1;
/** Rings that a process can have. */
const MAXIMUM_COUNT = 256;

/** How many threads that is. Throws a {@linkcode ThreadError}. */
export function checkedCount(wanted: number | "auto"): number {
  const count = threadCount(wanted);
  if (Number.isInteger(count) && count >= 1 && count <= MAXIMUM_COUNT) return count;
  throw optionError(
    `The count of threads is "auto" or a whole number from 1 to ${MAXIMUM_COUNT}, not ${String(count)}`,
  );
}

/** A timeout of the options. Throws a {@linkcode ThreadError}. */
export function timeoutMs(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAXIMUM_TIMEOUT_MS) return value;
  throw optionError(`${name} is a whole number of milliseconds from 1 on, not ${String(value)}`);
}

/** An option that can't be meant. */
export function optionError(message: string): ThreadError {
  return new ThreadError("ERR_THREAD_OPTION", "start threads", message);
}
