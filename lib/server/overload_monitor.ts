/**
 * Measures how late a worker's loop is, for its overload guard.
 *
 * @module
 */
import process from "node:process";
import type { Driver } from "../net/driver.ts";
import type { OverloadGuard } from "../proxy/overload.ts";
import { TICK_MS, Timer } from "../ring/timer_wheel.ts";

/**
 * How often it measures. A timer that is due soon makes waiting dearer, so there should not be one all the time; and
 * the one that looks at the memory is due at the same moment as every second one of these.
 */
const INTERVAL_MS = 500;
/** Memory is read from a file of the kernel's, which takes some 25 microseconds. */
const INTERVALS_PER_MEMORY = 2;

/** Feeds a guard as long as the driver is open. */
export class OverloadMonitor {
  readonly #driver: Driver;
  readonly #guard: OverloadGuard;
  readonly #readMemory: () => number;
  readonly #timer: Timer;
  #dueMs = 0;
  #intervals = 0;
  #memoryBytes = 0;

  /** Measure from now on, if the guard has any limit. */
  constructor(driver: Driver, guard: OverloadGuard, readMemory: () => number = () => process.memoryUsage.rss()) {
    this.#driver = driver;
    this.#guard = guard;
    this.#readMemory = readMemory;
    this.#timer = new Timer(() => this.#measure());
    if (guard.isNeeded) this.#start();
  }

  #start(): void {
    this.#driver.startTimer(this.#timer, INTERVAL_MS);
    this.#dueMs = this.#driver.nowMs + INTERVAL_MS;
  }

  #measure(): void {
    // The wheel's own share is no lateness.
    const delayMs = Math.max(0, this.#driver.nowMs - this.#dueMs - TICK_MS);
    this.#start();
    const isTimeForMemory = this.#intervals++ % INTERVALS_PER_MEMORY === 0;
    if (isTimeForMemory && this.#guard.watchesMemory) this.#memoryBytes = this.#readMemory();
    this.#guard.update(delayMs, this.#memoryBytes);
  }
}
