/**
 * Checks one endpoint again and again.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../../net/address.ts";
import type { CheckSlots } from "./check_slots.ts";
import type { HealthCheckOptions } from "./health_check_options.ts";
import { HealthJudge } from "./health_judge.ts";
import type { Probe } from "./probe.ts";

/** A random part of an interval is added to it, so that endpoints and proxies don't ask in step. */
const JITTER = 0.1;

/** What checks need of their surroundings. */
export interface CheckEnvironment {
  /** How an endpoint is asked. */
  readonly probe: Probe;
  /** Where checks wait for their turn. */
  readonly slots: CheckSlots;
  /** Calls `run` after so many milliseconds; returns what prevents it. */
  readonly schedule: (run: () => void, delayMs: number) => () => void;
  /** From 0 to less than 1. */
  readonly random: () => number;
}

/** The checks of one endpoint, one at a time. */
export class EndpointChecker {
  /** The endpoint's address as text. */
  readonly name: string;
  /** Why the last check failed; `null` if it did not, or if there was none. */
  lastFailure: string | null = null;
  readonly #address: SocketAddress;
  readonly #options: HealthCheckOptions;
  readonly #environment: CheckEnvironment;
  readonly #onNews: (isFirst: boolean) => void;
  readonly #wasHealthy: boolean;
  #isFirst = true;
  readonly #judge: HealthJudge;
  readonly #stopped = new AbortController();
  #unschedule: (() => void) | null = null;

  /**
   * A checker that does nothing before {@linkcode start}. Until its first result the endpoint is taken as healthy or
   * not; `onNews` is told what the results change.
   */
  constructor(
    address: SocketAddress,
    isHealthy: boolean,
    options: HealthCheckOptions,
    environment: CheckEnvironment,
    onNews: (isFirst: boolean) => void,
  ) {
    this.name = formatAddress(address);
    this.#address = address;
    this.#options = options;
    this.#environment = environment;
    this.#onNews = onNews;
    this.#wasHealthy = isHealthy;
    this.#judge = new HealthJudge(options, isHealthy);
  }

  /** Is nothing known of the endpoint: was it neither there from the start nor checked yet? */
  get isPending(): boolean {
    return !this.#wasHealthy && this.#isFirst;
  }

  /** Is the endpoint healthy? */
  get isHealthy(): boolean {
    return this.#judge.isHealthy;
  }

  /** Check now, and from then on. */
  start(): void {
    void this.#check();
  }

  /** Check no more, and break off a check that runs. */
  stop(): void {
    this.#stopped.abort();
    this.#unschedule?.();
  }

  async #check(): Promise<void> {
    const { probe, slots, schedule, random } = this.#environment;
    const { signal } = this.#stopped;
    const failure = await slots.run(async () => (signal.aborted ? null : await probe(this.#address, signal)));
    if (signal.aborted) return;
    this.lastFailure = failure;
    const delayMs = this.#options.intervalMs * (1 + random() * JITTER);
    this.#unschedule = schedule(() => void this.#check(), delayMs);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (this.#judge.record(failure === null)) this.#onNews(isFirst);
  }
}
