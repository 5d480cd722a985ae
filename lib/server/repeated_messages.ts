/**
 * Keeps a message that many connections cause from filling the log.
 *
 * @module
 */
import type { LogLevel } from "./config.ts";

const INTERVAL_MS = 1000;
/** Different messages that are remembered; more are passed through as they come. */
const MESSAGES = 256;

interface Remembered {
  untilMs: number;
  suppressed: number;
}

/** Passes a message on once a second, with the number of times that it was left out. */
export class RepeatedMessages {
  readonly #log: (level: LogLevel, message: string) => void;
  readonly #clock: () => number;
  readonly #remembered = new Map<string, Remembered>();

  /** Pass messages to `log`. */
  constructor(log: (level: LogLevel, message: string) => void, clock: () => number = () => performance.now()) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Say something, unless it was said less than a second ago. */
  say(level: LogLevel, message: string): void {
    const nowMs = this.#clock();
    const remembered = this.#remembered.get(message);
    if (remembered !== undefined && nowMs < remembered.untilMs) {
      remembered.suppressed++;
      return;
    }
    const suppressed = remembered?.suppressed ?? 0;
    this.#log(level, suppressed === 0 ? message : `${message} (and ${suppressed} times before)`);
    if (remembered === undefined && this.#remembered.size >= MESSAGES) this.#forget(nowMs);
    this.#remembered.set(message, { untilMs: nowMs + INTERVAL_MS, suppressed: 0 });
  }

  #forget(nowMs: number): void {
    for (const [message, { untilMs }] of this.#remembered) {
      if (untilMs <= nowMs) this.#remembered.delete(message);
    }
  }
}
