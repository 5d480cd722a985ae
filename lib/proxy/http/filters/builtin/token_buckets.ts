/**
 * Limits of a rate, by the Generic Cell Rate Algorithm (ITU-T I.371): a bucket that fills by one token per interval
 * and is full when nothing has come for long, kept as the one time at which it will be full again.
 *
 * @module
 */

/** How far a bucket may be from its limit for rounding, in intervals. */
const ROUNDING = 1e-6;

/** Buckets by a key. Full ones need not be remembered. */
export class TokenBuckets {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #maximumKeys: number;
  /** When the bucket is full again. The one that was asked for last is the last. */
  readonly #fullAtMs: Map<string, number> = new Map();

  /** One token per interval; a full bucket has `burst` of them, at least 1. */
  constructor(intervalMs: number, burst: number, maximumKeys: number) {
    this.#intervalMs = intervalMs;
    this.#burstMs = intervalMs * Math.max(burst, 1);
    this.#maximumKeys = maximumKeys;
  }

  /** How many buckets are remembered. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /** Take a token: 0, or how long it is until there is one, in milliseconds. */
  take(key: string, nowMs: number): number {
    const before = Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs);
    const after = before + this.#intervalMs;
    const waitMs = after - nowMs - this.#burstMs;
    const isThere = waitMs <= this.#intervalMs * ROUNDING;
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, isThere ? after : before);
    if (this.#fullAtMs.size > this.#maximumKeys) this.#forgetOne();
    return isThere ? 0 : waitMs;
  }

  #forgetOne(): void {
    for (const key of this.#fullAtMs.keys()) {
      this.#fullAtMs.delete(key);
      return;
    }
  }
}
