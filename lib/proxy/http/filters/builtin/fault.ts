/**
 * Makes some requests slow or fail, to try out how clients take it.
 *
 * @module
 */
import type { FilterReply, HttpExchange, HttpFilter } from "../filter.ts";
import type { FaultOptions } from "./options.ts";
import { checkInteger, optionsError } from "./options_error.ts";
import { textReply } from "./text_reply.ts";

const MAXIMUM_DELAY_MS = 600_000;
const CANCEL = "fault.cancel";

/** What faults depend on besides their options. */
export interface FaultWorld {
  /** 0 to 1, without 1; asked for the delay first, then for the abort. */
  readonly random: () => number;
  /** Call back after that time; returns what takes that back. */
  readonly later: (callback: () => void, ms: number) => () => void;
}

const REAL_WORLD: FaultWorld = {
  random: Math.random,
  later: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Delays and aborts requests at random, first the one, then the other. Throws ERR_FILTER_OPTIONS. */
export function fault(options: FaultOptions, world: FaultWorld = REAL_WORLD): HttpFilter {
  return new FaultFilter(options, world);
}

class FaultFilter implements HttpFilter {
  readonly name: string = "fault";
  readonly #options: FaultOptions;
  readonly #world: FaultWorld;

  constructor(options: FaultOptions, world: FaultWorld) {
    checkOptions(options);
    this.#options = options;
    this.#world = world;
  }

  onRequestHead(exchange: HttpExchange): FilterReply | undefined | Promise<FilterReply | undefined> {
    const { delayMs, delayPercent, abortPercent } = this.#options;
    const isDelayed = this.#happens(delayPercent) && delayMs > 0;
    const isAborted = this.#happens(abortPercent);
    if (isDelayed) return this.#delay(exchange).then(() => this.#finish(exchange, isAborted));
    return this.#finish(exchange, isAborted);
  }

  /** The client may be gone before the delay is over. */
  onEnd(exchange: HttpExchange): undefined {
    (exchange.state.get(CANCEL) as (() => void) | undefined)?.();
  }

  #happens(percent: number): boolean {
    return this.#world.random() * 100 < percent;
  }

  #delay(exchange: HttpExchange): Promise<void> {
    return new Promise((resolve) => {
      const takeBack = this.#world.later(resolve, this.#options.delayMs);
      exchange.state.set(CANCEL, () => {
        takeBack();
        resolve();
      });
    });
  }

  #finish(exchange: HttpExchange, isAborted: boolean): FilterReply | undefined {
    return isAborted ? textReply(exchange, this.#options.abortStatus, "An injected fault") : undefined;
  }
}

function checkOptions({ delayMs, delayPercent, abortStatus, abortPercent }: FaultOptions): void {
  checkInteger("fault", "delay_ms", delayMs, 0, MAXIMUM_DELAY_MS);
  for (const [name, percent] of Object.entries({ delay_percent: delayPercent, abort_percent: abortPercent })) {
    if (!(percent >= 0 && percent <= 100)) throw optionsError("fault", `${name} must be from 0 to 100, not ${percent}`);
  }
  if (abortPercent > 0) checkInteger("fault", "abort_status", abortStatus, 200, 599);
}
