/**
 * Checks whose answers and clock are the test's.
 *
 * @module
 */
import { formatAddress, type SocketAddress } from "../../net/address.ts";
import { CheckSlots } from "./check_slots.ts";
import type { CheckEnvironment } from "./endpoint_checker.ts";
import type { HealthCheckOptions } from "./health_check_options.ts";

/** A check each second, three bad ones or two good ones for a change. */
export const healthCheckOptions: HealthCheckOptions = {
  type: "tcp",
  path: "/",
  host: "",
  expectedStatuses: [[200, 299]],
  port: 0,
  intervalMs: 1000,
  timeoutMs: 1000,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};

/** A check that runs. */
export interface RunningCheck {
  /** The endpoint's address as text. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly finish: (failure: string | null) => void;
}

interface Planned {
  readonly atMs: number;
  readonly run: () => void;
}

/** Surroundings of checks. */
export class FakeChecks implements CheckEnvironment {
  /** Those that have begun and not ended, in order. */
  readonly running: RunningCheck[] = [];
  readonly slots: CheckSlots;
  randomValue = 0;
  #nowMs = 0;
  readonly #planned = new Set<Planned>();

  constructor(slots: CheckSlots = new CheckSlots(64)) {
    this.slots = slots;
  }

  readonly probe = (address: SocketAddress, signal: AbortSignal): Promise<string | null> => {
    return new Promise((resolve) => {
      const check: RunningCheck = {
        name: formatAddress(address),
        signal,
        finish: (failure) => {
          this.running.splice(this.running.indexOf(check), 1);
          resolve(failure);
        },
      };
      this.running.push(check);
    });
  };

  readonly schedule = (run: () => void, delayMs: number): (() => void) => {
    const planned = { atMs: this.#nowMs + delayMs, run };
    this.#planned.add(planned);
    return () => void this.#planned.delete(planned);
  };

  readonly random = (): number => this.randomValue;

  /** Let time pass. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const planned of this.#planned) {
      if (planned.atMs > this.#nowMs) continue;
      this.#planned.delete(planned);
      planned.run();
    }
  }

  /** Let everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 50; i++) await null;
  }

  /** End the check of an endpoint, or the one that began first. */
  async answer(failure: string | null, name?: string): Promise<void> {
    await this.settle();
    const check = this.running.find((one) => name === undefined || one.name === name);
    if (check === undefined) throw new Error(`No check of ${name ?? "an endpoint"} runs`);
    check.finish(failure);
    await this.settle();
  }
}
