/**
 * Work that is done a few at a time.
 *
 * @module
 */

/** Lets a number of tasks run, and a number of them wait. */
export class ConcurrencyLimit {
  readonly #maximumRunning: number;
  readonly #maximumWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(maximumRunning: number, maximumWaiting: number) {
    this.#maximumRunning = maximumRunning;
    this.#maximumWaiting = maximumWaiting;
  }

  /** Do all that may wait wait? */
  get isFull(): boolean {
    return this.#waiting.length >= this.#maximumWaiting;
  }

  /** Run a task, as soon as it may; its result. The caller looks at `isFull` before. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    // One that ends hands its place to the one that waited longest.
    if (this.#running < this.#maximumRunning) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
