/**
 * Knows which endpoints of a cluster are healthy.
 *
 * @module
 */
import { formatAddress } from "../../net/address.ts";
import type { EndpointState } from "../../proxy/endpoint.ts";
import type { WeightedAddress } from "../resolve.ts";
import { processCheckSlots } from "./check_slots.ts";
import { type CheckEnvironment, EndpointChecker } from "./endpoint_checker.ts";
import type { HealthCheckOptions } from "./health_check_options.ts";
import type { Probe } from "./probe.ts";

/** What comes within this time is passed on together: each time, all workers get all endpoints. */
const GATHER_MS = 10;

const NONE: ReadonlySet<string> = new Set();

/** An endpoint, as programs see it. */
export interface EndpointHealth {
  /** `127.0.0.1:80`, `[::1]:80` or `unix:/path`. */
  readonly address: string;
  /** Its share beside the others', 1 to 1000. */
  readonly weight: number;
  /** Always, without a health check. */
  readonly isHealthy: boolean;
  /** Why its last check failed; `null` after a good one, and before the first. */
  readonly lastFailure: string | null;
}

/** Told what a {@linkcode HealthChecker} finds. */
export interface HealthHandler {
  /** What is known of the endpoints changed by checks. */
  onStates(states: readonly EndpointState[]): void;
  /**
   * An endpoint became healthy or unhealthy. Its first check, too, tells what nobody knew: that it is unhealthy, or
   * that one which came later is healthy.
   */
  onHealth(endpoint: EndpointHealth, isFirst: boolean): void;
}

/** The checks of one cluster's endpoints; without options it takes all as healthy. */
export class HealthChecker {
  readonly #options: HealthCheckOptions | null;
  readonly #handler: HealthHandler;
  readonly #environment: CheckEnvironment;
  readonly #checkers = new Map<string, EndpointChecker>();
  #endpoints: readonly WeightedAddress[] = [];
  #isRunning = false;
  #unscheduleUpdate: (() => void) | null = null;

  /** A checker without endpoints. */
  constructor(options: HealthCheckOptions | null, handler: HealthHandler, environment: CheckEnvironment) {
    this.#options = options;
    this.#handler = handler;
    this.#environment = environment;
  }

  /** What is known now, for workers. */
  get states(): readonly EndpointState[] {
    return this.#endpoints.map(({ address, weight }) => {
      const checker = this.#checkers.get(formatAddress(address));
      const state = { address, weight, isHealthy: checker?.isHealthy ?? true };
      return checker?.isPending === true ? { ...state, isPending: true } : state;
    });
  }

  /** What is known now, for people. */
  get health(): readonly EndpointHealth[] {
    return this.#endpoints.map((endpoint) => this.#healthOf(endpoint));
  }

  /**
   * The endpoints from now on, each address once. Returns their states.
   *
   * Those before {@linkcode start} are taken as healthy until their first check: otherwise a proxy would have nobody to
   * relay to at first. One that comes later is not used before a check found it good: there are others, and it is
   * often announced before it is ready. Neither is one of those before {@linkcode start} that was known to be
   * `unhealthy`.
   */
  setEndpoints(endpoints: readonly WeightedAddress[], unhealthy: ReadonlySet<string> = NONE): readonly EndpointState[] {
    this.#endpoints = endpoints;
    if (this.#options === null) return this.states;
    const names = new Set(endpoints.map(({ address }) => formatAddress(address)));
    for (const [name, checker] of this.#checkers) {
      if (names.has(name)) continue;
      checker.stop();
      this.#checkers.delete(name);
    }
    for (const { address } of endpoints) {
      const name = formatAddress(address);
      if (this.#checkers.has(name)) continue;
      const isTrusted = !this.#isRunning && !unhealthy.has(name);
      const checker = new EndpointChecker(address, isTrusted, this.#options, this.#environment, (isFirst) =>
        this.#onNews(checker, isFirst),
      );
      this.#checkers.set(checker.name, checker);
      if (this.#isRunning) checker.start();
    }
    return this.states;
  }

  /** Begin to check. */
  start(): void {
    this.#isRunning = true;
    for (const checker of this.#checkers.values()) checker.start();
  }

  /** Check no more. */
  stop(): void {
    for (const checker of this.#checkers.values()) checker.stop();
    this.#unscheduleUpdate?.();
  }

  #onNews(checker: EndpointChecker, isFirst: boolean): void {
    this.#unscheduleUpdate ??= this.#environment.schedule(() => {
      this.#unscheduleUpdate = null;
      this.#handler.onStates(this.states);
    }, GATHER_MS);
    const endpoint = this.#endpoints.find(({ address }) => formatAddress(address) === checker.name);
    if (endpoint !== undefined) this.#handler.onHealth(this.#healthOf(endpoint), isFirst);
  }

  #healthOf({ address, weight }: WeightedAddress): EndpointHealth {
    const name = formatAddress(address);
    const checker = this.#checkers.get(name);
    return {
      address: name,
      weight,
      isHealthy: checker?.isHealthy ?? true,
      lastFailure: checker?.lastFailure ?? null,
    };
  }
}

/** What checks need of the process. */
export function processEnvironment(probe: Probe): CheckEnvironment {
  return {
    probe,
    slots: processCheckSlots,
    schedule(run, delayMs) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    random: Math.random,
  };
}
