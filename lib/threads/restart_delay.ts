/**
 * When a thread that crashed is replaced.
 *
 * @module
 */

const FIRST_MS = 50;
const MAXIMUM_MS = 5000;
/** A thread that ran this long crashed for another reason than the one before it. */
const STABLE_MS = 10_000;

/** The delays of one place: short at first, twice as long after each crash in a row. */
export class RestartDelay {
  readonly #clock: () => number;
  #nextMs = FIRST_MS;
  #startedMs: number;

  /** A thread starts in the place. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#startedMs = clock();
  }

  /** The next one starts in the same place. */
  restarted(): void {
    this.#startedMs = this.#clock();
  }

  /** It has crashed: how long to wait before the next one, in milliseconds. */
  next(): number {
    if (this.#clock() - this.#startedMs > STABLE_MS) this.#nextMs = FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, MAXIMUM_MS);
    return delayMs;
  }
}
