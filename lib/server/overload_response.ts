/**
 * What a worker does when its overload guard says so: accepting pauses, the log and the statistics tell.
 *
 * @module
 */
import type { ConnectionLimit } from "../proxy/connection_limit.ts";
import type { OverloadCause, OverloadHandler } from "../proxy/overload.ts";
import { STATISTIC, type Statistics } from "../proxy/statistics.ts";
import type { LogLevel } from "./config.ts";

/** Carries out what a guard decides. */
export class OverloadResponse implements OverloadHandler {
  readonly #limit: ConnectionLimit;
  readonly #statistics: Statistics;
  readonly #log: (level: LogLevel, message: string) => void;
  #isPaused = false;
  #isRefusing = false;

  /** For the connections below a limit. */
  constructor(limit: ConnectionLimit, statistics: Statistics, log: (level: LogLevel, message: string) => void) {
    this.#limit = limit;
    this.#statistics = statistics;
    this.#log = log;
    // It may have been left by a worker that crashed in this place.
    this.#show();
  }

  onAcceptingChanged(cause: OverloadCause | null): void {
    this.#isPaused = cause !== null;
    this.#limit.hold(this.#isPaused);
    this.#show();
    if (cause === null) {
      this.#log("info", "the overload is over: connections are accepted again");
      return;
    }
    this.#statistics.add(STATISTIC.overload_pauses_total, 1);
    this.#log("warning", `overloaded, as ${SENTENCES[cause]}: no connection is accepted until that has changed`);
  }

  onRefusingChanged(cause: OverloadCause | null): void {
    this.#isRefusing = cause !== null;
    this.#show();
    if (cause === null) this.#log("info", "the overload is less: requests are not refused any more");
    else this.#log("warning", `overloaded, as ${SENTENCES[cause]}: new requests are refused`);
  }

  #show(): void {
    this.#statistics.set(STATISTIC.overload_active, this.#isPaused || this.#isRefusing ? 1 : 0);
  }
}

const SENTENCES: Readonly<Record<OverloadCause, string>> = {
  delay: "the worker does not keep up with its work",
  memory: "the process uses too much memory",
};
