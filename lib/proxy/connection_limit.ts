/**
 * Keeps listeners from accepting more connections than there may be.
 *
 * @module
 */
import type { Listener } from "../net/connection.ts";

/**
 * Below this many connections to go, they are accepted one by one: the kernel may have this many in a listener's
 * queue (net.core.somaxconn), and a multishot accept hands them all over before it can be stopped.
 */
const NEAR = 4096;

/** Connections at the same time, at the most: of a proxy, or of all proxies of a worker. */
export class ConnectionLimit {
  readonly #maximum: number;
  readonly #parent: ConnectionLimit | null;
  readonly #children: ConnectionLimit[] = [];
  readonly #listeners: Listener[] = [];
  #active = 0;
  #isPaused = false;
  #isNear = false;
  #isStopped = false;
  /** Is accepting to pause whatever the number? */
  #isHeld = false;

  /** A limit, which another one for several proxies may be above. */
  constructor(maximum: number, parent: ConnectionLimit | null = null) {
    this.#maximum = maximum;
    this.#parent = parent;
    if (parent !== null) parent.#children.push(this);
    this.#isNear = this.#remaining <= NEAR;
  }

  /** Connections now. */
  get active(): number {
    return this.#active;
  }

  get #remaining(): number {
    const own = this.#maximum - this.#active;
    return this.#parent === null ? own : Math.min(own, this.#parent.#remaining);
  }

  get #mayAccept(): boolean {
    return !this.#isHeld && this.#active < this.#maximum && (this.#parent === null || this.#parent.#mayAccept);
  }

  /** Pause and resume one more listener. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
    listener.acceptSingly(this.#isNear);
    // Those that were there before may have taken all.
    if (this.#isPaused) listener.pause();
  }

  /** One connection more. */
  take(): void {
    this.#active++;
    this.#parent?.take();
    // What is above has told this one, if it is near its own limit.
    if (this.#maximum - this.#active <= NEAR) this.#update();
  }

  /** One connection less. */
  giveBack(): void {
    this.#active--;
    this.#parent?.giveBack();
    if (this.#isNear) this.#update();
  }

  /** Accept no connection as long as this is so, whatever their number: here and in all limits below. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#update();
  }

  /** Look whether connections wait at the listeners, though nothing was said of them. */
  acceptAgain(): void {
    if (this.#isPaused || this.#isStopped) return;
    for (const listener of this.#listeners) {
      // Accepting begins with a look.
      listener.pause();
      listener.resume();
    }
  }

  /** The listeners are closed: leave them alone. */
  stop(): void {
    this.#isStopped = true;
  }

  #update(): void {
    for (const child of this.#children) child.#update();
    this.#setNear(this.#remaining <= NEAR);
    this.#setPaused(!this.#mayAccept);
  }

  #setNear(isNear: boolean): void {
    if (isNear === this.#isNear) return;
    this.#isNear = isNear;
    if (this.#isStopped) return;
    for (const listener of this.#listeners) listener.acceptSingly(isNear);
  }

  #setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (this.#isStopped) return;
    for (const listener of this.#listeners) {
      if (isPaused) listener.pause();
      else listener.resume();
    }
  }
}
