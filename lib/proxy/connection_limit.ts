/**
 * Keeps listeners from accepting more connections than there may be.
 *
 * @module
 */
import type { Listener } from "../net/connection.ts";

/** Connections at the same time, at the most: of a proxy, or of all proxies of a worker. */
export class ConnectionLimit {
  readonly #maximum: number;
  readonly #parent: ConnectionLimit | null;
  readonly #children: ConnectionLimit[] = [];
  readonly #listeners: Listener[] = [];
  #active = 0;
  #isPaused = false;
  #isStopped = false;

  /** A limit, which another one for several proxies may be above. */
  constructor(maximum: number, parent: ConnectionLimit | null = null) {
    this.#maximum = maximum;
    this.#parent = parent;
    if (parent !== null) parent.#children.push(this);
  }

  /** Connections now. */
  get active(): number {
    return this.#active;
  }

  /** May no connection be accepted now? */
  get isFull(): boolean {
    return this.#active >= this.#maximum || this.#parent?.isFull === true;
  }

  /** Pause and resume one more listener. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** One connection more. */
  take(): void {
    this.#active++;
    this.#parent?.take();
    // What is above has told this one, if it is full.
    if (this.#active >= this.#maximum) this.#update();
  }

  /** One connection less. */
  giveBack(): void {
    this.#active--;
    this.#parent?.giveBack();
    if (this.#isPaused) this.#update();
  }

  /** The listeners are closed: leave them alone. */
  stop(): void {
    this.#isStopped = true;
  }

  #update(): void {
    for (const child of this.#children) child.#update();
    const { isFull } = this;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (this.#isStopped) return;
    for (const listener of this.#listeners) {
      if (isFull) listener.pause();
      else listener.resume();
    }
  }
}
