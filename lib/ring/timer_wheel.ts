/**
 * Timers by the thousand: starting, stopping and moving one costs the same however many there are.
 *
 * A hierarchical timing wheel (Varghese and Lauck, 1987). It reads no clock: whoever owns it says what
 * time it is, so that a simulation can.
 *
 * @module
 */

/** Milliseconds per tick of the wheel: how late a timer can be. */
export const TICK_MS = 4;

const SLOT_BITS = 6;
const SLOTS = 1 << SLOT_BITS;
const LEVELS = 5;
const MAXIMUM_TICKS = 2 ** 30 - 1;

/** Something that happens later. Make one per purpose and start it as often as needed. */
export class Timer {
  /** Called when the time has come. */
  readonly onExpire: () => void;
  /** @internal The tick at which it expires. */
  expiry = 0;
  /** @internal Which slot of the wheel holds it, or -1. */
  slot = -1;
  /** @internal */
  next: Timer | null = null;
  /** @internal */
  previous: Timer | null = null;

  /** A timer that is not started yet. */
  constructor(onExpire: () => void) {
    this.onExpire = onExpire;
  }

  /** Has it been started, and not stopped or expired since? */
  get isStarted(): boolean {
    return this.slot >= 0;
  }
}

/** All timers of a thread. */
export class TimerWheel {
  readonly #slots: (Timer | null)[] = new Array<Timer | null>(SLOTS * LEVELS).fill(null);
  /** Two words of bits per level: which slots are in use. */
  readonly #used: Int32Array = new Int32Array(LEVELS * 2);
  #now: number;
  #count = 0;
  /** A tick before which nothing is to be done. Kept, as every turn of a loop asks for it. */
  #next: number = Number.MAX_SAFE_INTEGER;
  /** The head of the slot whose timers are being called; a timer stopped by another one's call leaves it. */
  #expiring: Timer | null = null;

  /** An empty wheel at a time in milliseconds. */
  constructor(nowMs: number) {
    this.#now = Math.floor(nowMs / TICK_MS);
  }

  /** How many timers are started. */
  get size(): number {
    return this.#count;
  }

  /**
   * Let a timer expire `delayMs` (0 to 2^32) after `nowMs`, not before, at most a tick later. Moves it if
   * it is started.
   */
  start(timer: Timer, nowMs: number, delayMs: number): void {
    if (timer.slot >= 0) this.stop(timer);
    // An empty wheel is not advanced.
    if (this.#count === 0) this.#now = Math.max(this.#now, Math.floor(nowMs / TICK_MS));
    const due = Math.ceil((nowMs + delayMs) / TICK_MS);
    timer.expiry = Math.min(Math.max(due, this.#now + 1), this.#now + MAXIMUM_TICKS);
    this.#insert(timer);
    this.#count++;
    if (timer.expiry < this.#next) this.#next = timer.expiry;
  }

  /** Take a timer out, if it is in. */
  stop(timer: Timer): void {
    if (timer.slot < 0) return;
    this.#remove(timer);
    this.#count--;
  }

  /**
   * Call every timer that is due at `nowMs`, in the order of their ticks. What a timer throws ends the call;
   * calling again goes on with the next one.
   */
  advance(nowMs: number): void {
    if (this.#expiring !== null) this.#callExpiring();
    const target = Math.floor(nowMs / TICK_MS);
    if (target < this.#next) return;
    for (let next = this.#nextTick(); next <= target; next = this.#nextTick()) {
      this.#now = next;
      this.#cascade();
      this.#expire();
    }
    this.#now = Math.max(this.#now, target);
    this.#next = this.#nextTick();
  }

  /** Milliseconds from `nowMs` until {@linkcode advance} has something to do; -1 when there is no timer. */
  untilNextMs(nowMs: number): number {
    if (this.#count === 0) return -1;
    return Math.max(0, this.#next * TICK_MS - nowMs);
  }

  /** The next tick at which a slot expires or has to be spread over the level below. */
  #nextTick(): number {
    let next = Number.MAX_SAFE_INTEGER;
    for (let level = 0; level < LEVELS; level++) {
      const shift = level * SLOT_BITS;
      const position = Math.floor(this.#now / 2 ** shift);
      const distance = this.#distance(level, (position + 1) & (SLOTS - 1));
      if (distance < 0) continue;
      const tick = (position + 1 + distance) * 2 ** shift;
      if (tick < next) next = tick;
    }
    return next;
  }

  /** How many slots after `start` the first one in use is, or -1. */
  #distance(level: number, start: number): number {
    const low = this.#used[level * 2] as number;
    const high = this.#used[level * 2 + 1] as number;
    if ((low | high) === 0) return -1;
    // Rotate the 64 bits right by `start`, then count trailing zeros.
    const shift = start & 31;
    const first = start < 32 ? low : high;
    const second = start < 32 ? high : low;
    const rotatedLow = shift === 0 ? first : (first >>> shift) | (second << (32 - shift));
    const rotatedHigh = shift === 0 ? second : (second >>> shift) | (first << (32 - shift));
    return rotatedLow !== 0 ? trailingZeros(rotatedLow) : 32 + trailingZeros(rotatedHigh);
  }

  /** At a level's boundary, spread the timers of its slot over the levels below. */
  #cascade(): void {
    for (let level = LEVELS - 1; level > 0; level--) {
      const unit = 2 ** (level * SLOT_BITS);
      if (this.#now % unit !== 0) continue;
      const index = level * SLOTS + ((this.#now / unit) & (SLOTS - 1));
      let timer = this.#take(index);
      while (timer !== null) {
        const following: Timer | null = timer.next;
        this.#insert(timer);
        timer = following;
      }
    }
  }

  #expire(): void {
    this.#expiring = this.#take(this.#now & (SLOTS - 1));
    for (let timer: Timer | null = this.#expiring; timer !== null; timer = timer.next) timer.slot = EXPIRING;
    this.#callExpiring();
  }

  #callExpiring(): void {
    while (this.#expiring !== null) {
      const timer: Timer = this.#expiring;
      this.#remove(timer);
      this.#count--;
      timer.onExpire();
    }
  }

  #take(index: number): Timer | null {
    const head = this.#slots[index] as Timer | null;
    this.#slots[index] = null;
    this.#setUsed(index, false);
    return head;
  }

  #insert(timer: Timer): void {
    const distance = timer.expiry - this.#now;
    // Due now: only while a slot is being spread, just before its timers expire.
    let level = 0;
    while (level < LEVELS - 1 && distance >= 2 ** ((level + 1) * SLOT_BITS)) level++;
    const index = level * SLOTS + (Math.floor(timer.expiry / 2 ** (level * SLOT_BITS)) & (SLOTS - 1));
    const head = this.#slots[index] as Timer | null;
    timer.slot = index;
    timer.previous = null;
    timer.next = head;
    if (head !== null) head.previous = timer;
    this.#slots[index] = timer;
    if (head === null) this.#setUsed(index, true);
  }

  #remove(timer: Timer): void {
    const { next, previous, slot } = timer;
    if (next !== null) next.previous = previous;
    if (previous !== null) {
      previous.next = next;
    } else if (slot === EXPIRING) {
      this.#expiring = next;
    } else {
      this.#slots[slot] = next;
      if (next === null) this.#setUsed(slot, false);
    }
    timer.slot = -1;
    timer.next = null;
    timer.previous = null;
  }

  #setUsed(index: number, used: boolean): void {
    const word = index >> 5;
    const bit = 1 << (index & 31);
    const bits = this.#used[word] as number;
    this.#used[word] = used ? bits | bit : bits & ~bit;
  }
}

const EXPIRING = SLOTS * LEVELS;

function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
