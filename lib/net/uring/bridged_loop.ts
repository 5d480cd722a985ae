/**
 * A loop that is a guest in the runtime's own: the kernel signals an event descriptor when completions
 * wait. For an application's main thread, where timers, fetch and its own server go on, and for a worker
 * while user code waits for such things.
 *
 * @module
 */
import type { RingWatch } from "../../ring/ring.ts";
import type { UringDriver } from "./driver.ts";

/** Turns in a row before the runtime's other work has its turn. */
const TURNS_IN_A_ROW = 16;

/** Runs a driver on the runtime's loop from `start` to `pause` or `stop`. */
export class BridgedLoop {
  readonly #driver: UringDriver;
  readonly #onTurn: () => void;
  #watch: RingWatch | null = null;
  #running = false;
  #scheduled = false;
  #timeout: ReturnType<typeof setTimeout> | null = null;
  /** When the timeout is due. */
  #timeoutMs = 0;
  #turning = false;

  /** A loop for a driver of this thread. `onTurn` is called after each turn, to look at what it left. */
  constructor(driver: UringDriver, onTurn: () => void = () => {}) {
    this.#driver = driver;
    this.#onTurn = onTurn;
  }

  /** Begin. The process stays alive until {@linkcode stop}. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    if (this.#watch === null) this.#watch = this.#driver.ring.watch(() => this.#turn());
    else this.#watch.mute(false);
    this.#driver.notifyQueued(() => this.#schedule());
    // For what completed before.
    this.#schedule();
  }

  /** Handle nothing until {@linkcode start} is called again, which is cheap: the watch of the ring is kept. */
  pause(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#driver.notifyQueued(null);
    this.#watch?.mute(true);
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#timeout = null;
  }

  /** End; nothing is handled any more. */
  async stop(): Promise<void> {
    this.pause();
    const watch = this.#watch;
    this.#watch = null;
    await watch?.stop();
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
    if (this.#turning || !this.#running) return;
    this.#turning = true;
    try {
      let turns = 0;
      do {
        this.#driver.turn(0);
        this.#onTurn();
      } while (this.#driver.hasWork && ++turns < TURNS_IN_A_ROW);
    } finally {
      this.#turning = false;
    }
    // A handler may have stopped it.
    if (!this.#running) return;
    // Not by setImmediate: as long as there is one, Deno looks at its own sockets only now and then.
    if (this.#driver.hasWork) this.#watch?.callAgain();
    this.#planTimer();
  }

  /** One that is early enough stays: it costs an idle turn at the worst, and moving it each time costs more. */
  #planTimer(): void {
    const delayMs = this.#driver.untilNextTurnMs();
    if (this.#timeout !== null) {
      if (delayMs < 0 || this.#timeoutMs <= this.#driver.turnMs + delayMs) return;
      clearTimeout(this.#timeout);
    }
    this.#timeout = delayMs < 0 ? null : setTimeout(() => this.#onTimeout(), delayMs);
    this.#timeoutMs = this.#driver.turnMs + delayMs;
  }

  #onTimeout(): void {
    this.#timeout = null;
    this.#turn();
  }
}
