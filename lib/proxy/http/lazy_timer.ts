/**
 * A timer for what is put off again and again and seldom expires, such as an idle timeout.
 *
 * @module
 */
import type { Driver } from "../../net/driver.ts";
import { Timer } from "../../ring/timer_wheel.ts";

/** Being put off costs an assignment: the driver's timer stays where it is, and is started anew if it was early. */
export class LazyTimer {
  readonly #driver: Driver;
  readonly #timer: Timer;
  #dueMs = Number.POSITIVE_INFINITY;
  /** When the driver's timer expires; infinity if it is not started. */
  #armedMs = Number.POSITIVE_INFINITY;

  /** A timer that is not started. */
  constructor(driver: Driver, onExpire: () => void) {
    this.#driver = driver;
    this.#timer = new Timer(() => this.#onTimer(onExpire));
  }

  /** When it expires, on the driver's clock; infinity if it is not started. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Start it, or move it. */
  start(delayMs: number): void {
    this.startAt(this.#driver.nowMs + delayMs);
  }

  /** Let it expire at a time of the driver's clock, soon if that has passed; infinity: not at all. */
  startAt(dueMs: number): void {
    this.#dueMs = dueMs;
    if (dueMs >= this.#armedMs) return;
    this.#arm(Math.max(0, dueMs - this.#driver.nowMs));
  }

  /** It is not to expire. The driver's timer may still do so once. */
  stop(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Stop the driver's timer too. */
  close(): void {
    this.stop();
    this.#armedMs = Number.POSITIVE_INFINITY;
    this.#driver.stopTimer(this.#timer);
  }

  #arm(delayMs: number): void {
    this.#armedMs = this.#driver.nowMs + delayMs;
    this.#driver.startTimer(this.#timer, delayMs);
  }

  #onTimer(onExpire: () => void): void {
    this.#armedMs = Number.POSITIVE_INFINITY;
    if (this.#dueMs === Number.POSITIVE_INFINITY) return;
    const remainingMs = this.#dueMs - this.#driver.nowMs;
    if (remainingMs > 0) {
      this.#arm(remainingMs);
      return;
    }
    this.#dueMs = Number.POSITIVE_INFINITY;
    onExpire();
  }
}
