/**
 * Bounds how many checks run at the same time.
 *
 * @module
 */

/** A number of places. Whoever finds none waits, first come, first served. */
export class CheckSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** So many places. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Do the work as soon as there is a place. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place goes on to the next one, so that nobody can come between.
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** The places of this process: many endpoints that hang must not take all of its descriptors. */
export const processCheckSlots: CheckSlots = new CheckSlots(64);
