/**
 * What `node:net` keeps to itself: that no connection can be accepted as the process has no descriptor
 * left. Bun 1.4 then tries again and again, at the expense of a whole CPU; Deno 2.9 never tries again.
 *
 * @module
 */
import { EMFILE, ENFILE } from "../../../ffi/abi.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { DefaultDriver } from "./driver.ts";
import type { DefaultListener } from "./listener.ts";

/** How often it is checked that the process can have another descriptor. */
const CHECK_MS = 250;
/** How often the handler is told while it can't. */
const REPORT_MS = 1000;
/** How long each turn of the loop rests meanwhile. */
const REST_MS = 1;
/** How soon it is noticed that there are descriptors again. */
const RECHECK_MS = 20;

/** Looks after the listeners of a driver. */
export class DescriptorWatch {
  readonly #driver: DefaultDriver;
  readonly #listeners: ReadonlySet<DefaultListener>;
  readonly #timer: Timer;
  /** Nothing ever changes in it. */
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #isRunning = false;
  #isExhausted = false;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #checkedMs = 0;

  constructor(driver: DefaultDriver, listeners: ReadonlySet<DefaultListener>) {
    this.#driver = driver;
    this.#listeners = listeners;
    this.#timer = new Timer(() => this.#check());
  }

  /** Begin, if it has not begun. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#driver.startTimer(this.#timer, CHECK_MS);
  }

  /** End. */
  stop(): void {
    this.#isRunning = false;
    this.#isExhausted = false;
    this.#driver.stopTimer(this.#timer);
  }

  #check(): void {
    this.#driver.startTimer(this.#timer, CHECK_MS);
    const errno = runtime.tryDescriptor();
    const wasExhausted = this.#isExhausted;
    this.#isExhausted = errno === EMFILE || errno === ENFILE;
    let retries = true;
    for (const listener of this.#listeners) retries = listener.retry() && retries;
    if (!this.#isExhausted) return;
    if (!wasExhausted && !retries) this.#rest();
    if (this.#driver.nowMs - this.#reportedMs < REPORT_MS) return;
    this.#reportedMs = this.#driver.nowMs;
    for (const listener of this.#listeners) listener.onAcceptError(errno);
  }

  /** The runtime's loop would turn without a pause. Connections that are open go on, somewhat later. */
  #rest(): void {
    if (!this.#isExhausted) return;
    Atomics.wait(this.#cell, 0, 0, REST_MS);
    const { nowMs } = this.#driver;
    if (nowMs - this.#checkedMs >= RECHECK_MS) {
      this.#checkedMs = nowMs;
      this.#isExhausted = runtime.tryDescriptor() !== 0;
    }
    setImmediate(() => this.#rest());
  }
}
