/**
 * Lets what awaits an operation get on.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { UringDriver } from "../net/uring/driver.ts";

/**
 * A loop that blocks in the ring settles promises and blocks again: what awaits them would get on only when the thread
 * comes back to its runtime, up to 100 ms later. As user code that waits, it is looked after at once. It counts only
 * from the moment at which a promise is settled, so that one that waits for long costs the thread nothing.
 */
export class Continuations {
  readonly #driver: UringDriver;
  #isAnnounced = false;

  /** For the promises of a driver's thread. */
  constructor(driver: UringDriver) {
    this.#driver = driver;
  }

  /** A promise is settled: let the thread's runtime have a turn. */
  announce(): void {
    if (this.#isAnnounced || this.#driver.isBridged) return;
    this.#isAnnounced = true;
    const { userCode } = this.#driver;
    userCode.begin();
    // Comes after all that is ready, however many promises it leads through.
    setImmediate(() => {
      this.#isAnnounced = false;
      userCode.end();
    });
  }
}
