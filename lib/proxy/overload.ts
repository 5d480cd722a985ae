/**
 * Tells when a worker can't keep up: first it is to accept no more connections, then to refuse requests.
 *
 * The signal is how late the worker's timers are: it is the time that any event waits for its turn, whatever the
 * cause, be it a flood, user code that computes, or a machine with too few processors. Memory may be a second one. How
 * busy the processor is would be none: a proxy that uses all of it and still answers in time is well.
 *
 * @module
 */

/** What is too much for a worker. 0 in the place of a limit: none. */
export interface OverloadOptions {
  /** The loop is this late: accept no connections, in milliseconds. */
  readonly pauseDelayMs: number;
  /** The loop is this late: refuse requests too, in milliseconds. */
  readonly refuseDelayMs: number;
  /** The process has this much memory in use (resident): accept no connections, in bytes. */
  readonly pauseMemoryBytes: number;
  /** The process has this much memory in use (resident): refuse requests too, in bytes. */
  readonly refuseMemoryBytes: number;
}

/** A worker that answers at all is far from these: garbage collection takes some tens of milliseconds. */
export const defaultOverloadOptions: OverloadOptions = {
  pauseDelayMs: 500,
  refuseDelayMs: 1000,
  pauseMemoryBytes: 0,
  refuseMemoryBytes: 0,
};

/** Which limit was reached. */
export type OverloadCause = "delay" | "memory";

/** Told when it begins and when it ends. */
export interface OverloadHandler {
  /** Accepting connections is to pause, as `cause` says, or to go on (`null`). */
  onAcceptingChanged(cause: OverloadCause | null): void;
  /** Requests are to be refused, as `cause` says, or not any more (`null`). */
  onRefusingChanged(cause: OverloadCause | null): void;
}

/** The weight of the newest delay. Two late ones in a row begin an overload, two good ones end it. */
const DELAY_WEIGHT = 0.5;
/** A value counts as this many times its limit at the most: one long stop is soon over and is none. */
const PRESSURE_CAP = 1.5;
/** A state that has begun ends below this part of its limit. */
const DELAY_END = 0.5;
/** Memory moves slowly, and may stay with the process when it is free: a higher part than of the delay. */
const MEMORY_END = 0.95;

/** One limit, and whether what it limits is above it. */
class Threshold {
  isExceeded = false;
  readonly #limit: number;
  readonly #weight: number;
  readonly #end: number;
  /** The smoothed value, as a part of the limit. */
  #pressure = 0;

  constructor(limit: number, weight: number, end: number) {
    this.#limit = limit;
    this.#weight = weight;
    this.#end = end;
  }

  get isSet(): boolean {
    return this.#limit > 0;
  }

  update(value: number): void {
    if (!this.isSet) return;
    const capped = Math.min(value / this.#limit, PRESSURE_CAP);
    this.#pressure += this.#weight * (capped - this.#pressure);
    this.isExceeded = this.#pressure >= (this.isExceeded ? this.#end : 1);
  }
}

/** A delay and a memory limit, one of which is enough. */
class Level {
  readonly #delay: Threshold;
  readonly #memory: Threshold;

  constructor(delayMs: number, memoryBytes: number) {
    this.#delay = new Threshold(delayMs, DELAY_WEIGHT, DELAY_END);
    this.#memory = new Threshold(memoryBytes, 1, MEMORY_END);
  }

  get watchesMemory(): boolean {
    return this.#memory.isSet;
  }

  get isSet(): boolean {
    return this.#delay.isSet || this.#memory.isSet;
  }

  update(delayMs: number, memoryBytes: number): OverloadCause | null {
    this.#delay.update(delayMs);
    this.#memory.update(memoryBytes);
    if (this.#delay.isExceeded) return "delay";
    return this.#memory.isExceeded ? "memory" : null;
  }
}

/** Decides from what a worker measures. It reads no clock. */
export class OverloadGuard {
  readonly #pause: Level;
  readonly #refuse: Level;
  readonly #handler: OverloadHandler;
  #isPaused = false;
  #isRefusing = false;

  /** A guard that has seen nothing yet. */
  constructor(options: OverloadOptions, handler: OverloadHandler) {
    this.#pause = new Level(options.pauseDelayMs, options.pauseMemoryBytes);
    this.#refuse = new Level(options.refuseDelayMs, options.refuseMemoryBytes);
    this.#handler = handler;
  }

  /** Has it any limit? Without, nothing needs to be measured. */
  get isNeeded(): boolean {
    return this.#pause.isSet || this.#refuse.isSet;
  }

  /** Has it a limit of memory? */
  get watchesMemory(): boolean {
    return this.#pause.watchesMemory || this.#refuse.watchesMemory;
  }

  /** Is a new request to be answered with 503 instead of being forwarded? */
  shouldRefuse(): boolean {
    return this.#isRefusing;
  }

  /** How late the loop is, and the process's memory: to be told at regular intervals, such as twice a second. */
  update(delayMs: number, memoryBytes: number): void {
    const pause = this.#pause.update(delayMs, memoryBytes);
    const refuse = this.#refuse.update(delayMs, memoryBytes);
    if ((refuse !== null) !== this.#isRefusing) {
      this.#isRefusing = refuse !== null;
      this.#handler.onRefusingChanged(refuse);
    }
    if ((pause !== null) !== this.#isPaused) {
      this.#isPaused = pause !== null;
      this.#handler.onAcceptingChanged(pause);
    }
  }
}
