/**
 * A loop that is a guest in the runtime's own: the kernel signals an event descriptor when completions
 * wait. For an application's main thread, where timers, fetch and its own server go on.
 *
 * @module
 */
import type { UringDriver } from "./driver.ts";

/** Turns in a row before the runtime's other work has its turn. */
const TURNS_IN_A_ROW = 16;

/** Runs a driver on the runtime's loop from `start` to `stop`. */
export class BridgedLoop {
  readonly #driver: UringDriver;
  #unwatch: (() => Promise<void>) | null = null;
  #scheduled = false;
  #timeout: ReturnType<typeof setTimeout> | null = null;
  #turning = false;

  /** A loop for a driver of this thread. */
  constructor(driver: UringDriver) {
    this.#driver = driver;
  }

  /** Begin. The process stays alive until {@linkcode stop}. */
  start(): void {
    this.#unwatch = this.#driver.ring.watch(() => this.#turn());
    this.#driver.notifyQueued(() => this.#schedule());
    this.#schedule();
  }

  /** End; nothing is handled any more. */
  async stop(): Promise<void> {
    this.#driver.notifyQueued(null);
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    const unwatch = this.#unwatch;
    this.#unwatch = null;
    await unwatch?.();
  }

  /** Something was asked for outside of a turn: submit it once the caller is done. */
  #schedule(): void {
    if (this.#scheduled || this.#turning) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#turning || this.#unwatch === null) return;
    this.#turning = true;
    try {
      let turns = 0;
      do this.#driver.turn(0);
      while (this.#driver.hasWork && ++turns < TURNS_IN_A_ROW);
    } finally {
      this.#turning = false;
    }
    if (this.#driver.hasWork) setImmediate(() => this.#turn());
    this.#planTimer();
  }

  #planTimer(): void {
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    const delayMs = this.#driver.untilNextTurnMs();
    this.#timeout = delayMs < 0 ? null : setTimeout(() => this.#turn(), delayMs);
  }
}
