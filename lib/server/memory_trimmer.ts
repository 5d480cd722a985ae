/**
 * Gives memory back after a peak. The engines collect garbage when they allocate, and a worker whose
 * connections have just gone does not.
 *
 * @module
 */
import { runtime } from "../../ffi/runtime.ts";
import type { Driver } from "../net/driver.ts";
import { Timer } from "../ring/timer_wheel.ts";

/** How often the connections are counted. */
const INTERVAL_MS = 1000;
/** A peak that is not worth a collection, which stops the worker for some milliseconds. */
const SMALL_PEAK = 500;

/** Collects garbage once most of a peak's connections are gone. */
export class MemoryTrimmer {
  readonly #driver: Driver;
  readonly #timer: Timer;
  readonly #collect: () => void;
  #peak = 0;
  #previous = 0;

  /** Look after a driver from now on. */
  constructor(driver: Driver, collect: () => void = () => runtime.collectGarbage()) {
    this.#driver = driver;
    this.#collect = collect;
    this.#timer = new Timer(() => this.#look());
    driver.startTimer(this.#timer, INTERVAL_MS);
  }

  #look(): void {
    this.#driver.startTimer(this.#timer, INTERVAL_MS);
    const count = this.#driver.connectionCount;
    // While they are still going, more garbage is to come.
    const isSettled = count >= this.#previous;
    this.#previous = count;
    this.#peak = Math.max(this.#peak, count);
    if (!isSettled || this.#peak < SMALL_PEAK || count * 2 > this.#peak) return;
    this.#peak = count;
    this.#collect();
  }
}
