/**
 * Turns an application's ring on the runtime's own loop for as long as there is something to turn for.
 *
 * @module
 */
import { BridgedLoop } from "../net/uring/bridged_loop.ts";
import type { UringDriver } from "../net/uring/driver.ts";

/**
 * How long a ring without connections, listeners and timers is still watched: who closes one connection often opens
 * the next one, and beginning to watch costs a thread in Deno.
 */
const LINGER_MS = 20;

/** While it watches the ring, the process stays alive. */
export class Bridge {
  readonly #driver: UringDriver;
  readonly #loop: BridgedLoop;
  #isWatching = false;
  #isClosed = false;
  #stopping: Promise<void> = Promise.resolve();
  #lingering: ReturnType<typeof setTimeout> | null = null;

  /** A bridge for a driver of this thread. It begins when something is asked for. */
  constructor(driver: UringDriver) {
    this.#driver = driver;
    this.#loop = new BridgedLoop(driver, () => this.#onTurn());
    driver.notifyQueued(() => this.#begin());
  }

  #begin(): void {
    if (this.#isWatching || this.#isClosed) return;
    this.#isWatching = true;
    // The same event descriptor must not be watched twice.
    void this.#stopping.then(() => {
      if (this.#isWatching) this.#loop.start();
    });
  }

  #onTurn(): void {
    if (this.#driver.isInUse) {
      if (this.#lingering !== null) clearTimeout(this.#lingering);
      this.#lingering = null;
      return;
    }
    this.#lingering ??= setTimeout(() => this.#end(), LINGER_MS);
  }

  #end(): void {
    this.#lingering = null;
    if (this.#driver.isInUse || !this.#isWatching) return;
    this.#isWatching = false;
    this.#stopping = this.#loop.stop();
    this.#driver.notifyQueued(() => this.#begin());
  }

  /** Turn the ring no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isWatching = false;
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
    await this.#stopping;
    await this.#loop.stop();
  }
}
