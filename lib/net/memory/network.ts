/**
 * A network in memory: all wires, listeners and drivers of a simulation, one clock, one seed.
 *
 * Nothing happens by itself: {@linkcode MemoryNetwork.step} does one thing of all that could happen
 * next, chosen at random, and {@linkcode MemoryNetwork.run} does so until a condition holds. The clock
 * is set forward to the next thing that is due when nothing else is left to do, and moves on a little
 * now and then while there is. One seed gives one course of events, in every runtime.
 *
 * @example
 * ```ts
 * const network = new MemoryNetwork({ seed: 7 });
 * const driver = new MemoryDriver(network);
 * const listener = await driver.listen(ipAddress("127.0.0.1", 0), server);
 * driver.connect(listener.address, client);
 * network.run(() => client.isDone);
 * network.assertNoLeaks();
 * ```
 *
 * @module
 */
import { ECONNREFUSED, ENOENT } from "../../../ffi/abi.ts";
import { formatAddress, type SocketAddress } from "../address.ts";
import { AddressBook } from "./address_book.ts";
import type { MemoryDriver } from "./driver.ts";
import { SimulationError } from "./errors.ts";
import { drawFate, FaultPlan } from "./faults.ts";
import { DEFAULT_NETWORK_OPTIONS, DEFAULT_RUN_LIMITS, type MemoryNetworkOptions, type RunLimits } from "./options.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Wire, type WireEnd } from "./wire.ts";

/** Who connects. */
export interface Dialer {
  /** Where it connects from; `null`: an unnamed unix socket. */
  readonly source: SocketAddress | null;
  /** Has it given up? */
  readonly isGone: boolean;
  /** The kernels agreed; the server may not have accepted yet. */
  onEstablished(end: WireEnd): void;
  /** It failed. */
  onRefused(errno: number): void;
}

/** How many lines of the trace a failure shows. */
const SHOWN_LINES = 20;

/** See the module. */
export class MemoryNetwork {
  /** Bounds and habits. */
  readonly options: MemoryNetworkOptions;
  /** What goes wrong. May be changed at any time. */
  readonly faults: FaultPlan = new FaultPlan();
  /** @internal */
  readonly scheduler: Scheduler;
  /** @internal For what a connection does. */
  readonly random: Random;
  /** @internal For what goes wrong. */
  readonly faultRandom: Random;
  /** @internal */
  readonly addresses: AddressBook;
  readonly #drivers: MemoryDriver[] = [];
  readonly #trace: string[] = [];
  #steps = 0;
  #wires = 0;

  /** A network without drivers. */
  constructor(options: Partial<MemoryNetworkOptions> & Pick<MemoryNetworkOptions, "seed">) {
    this.options = { ...DEFAULT_NETWORK_OPTIONS, ...options };
    this.addresses = new AddressBook(this.options.folders);
    const random = new Random(options.seed);
    this.scheduler = new Scheduler(random.fork(), this.options.startMs);
    this.random = random.fork();
    this.faultRandom = random.fork();
  }

  /** What the fake clock shows, in milliseconds. */
  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** How many steps were done. */
  get steps(): number {
    return this.#steps;
  }

  /** What happened, a line each, if `traceLines` asks for it. */
  get trace(): readonly string[] {
    return this.#trace.slice(Math.max(0, this.#trace.length - this.options.traceLines));
  }

  /** Do one thing that is ready. False if there is none; later there may be. */
  step(): boolean {
    const task = this.scheduler.take();
    if (task === null) return false;
    this.#passTime();
    this.#steps++;
    try {
      task.run();
    } catch (error) {
      try {
        task.onThrown(error);
      } catch (thrown) {
        throw this.failure(`${task.name}: ${thrown instanceof Error ? thrown.message : thrown}`, thrown);
      }
    }
    return true;
  }

  /** Set the clock to when the next thing becomes ready. False if nothing will. */
  advance(): boolean {
    const dueMs = this.scheduler.nextDueMs();
    if (dueMs === null) return false;
    this.scheduler.advanceTo(dueMs);
    return true;
  }

  /**
   * Go on until a condition holds. Throws a {@linkcode SimulationError} if it does not within the limits
   * or when nothing is left that could happen.
   */
  run(until: () => boolean, limits: Partial<RunLimits> = {}): void {
    const check = this.#limiter(limits);
    while (!until()) {
      check();
      if (!this.step() && !this.advance()) throw this.failure("Nothing is left to happen, and the end is not reached");
    }
  }

  /** Go on until nothing is left that could happen. */
  runUntilIdle(limits: Partial<RunLimits> = {}): void {
    const check = this.#limiter(limits);
    while (this.step() || this.advance()) check();
  }

  /** Go on for a while of simulated time. What is ready when it is over is left. */
  runFor(durationMs: number, limits: Partial<RunLimits> = {}): void {
    const check = this.#limiter({ maximumMs: durationMs, ...limits });
    const endMs = this.nowMs + durationMs;
    while (this.nowMs < endMs) {
      check();
      if (!this.step()) this.scheduler.advanceTo(Math.min(this.scheduler.nextDueMs() ?? endMs, endMs));
    }
  }

  #limiter(limits: Partial<RunLimits>): () => void {
    const { maximumSteps, maximumMs } = { ...DEFAULT_RUN_LIMITS, ...limits };
    const lastStep = this.#steps + maximumSteps;
    const lastMs = this.nowMs + maximumMs;
    return () => {
      if (this.#steps >= lastStep) throw this.failure(`Not at the end after ${maximumSteps} steps`);
      if (this.nowMs > lastMs) throw this.failure(`Not at the end after ${maximumMs} ms of simulated time`);
    };
  }

  #passTime(): void {
    const { workProbability, clockJumpProbability, clockJumpMaximumMs } = this.options;
    if (this.random.chance(workProbability)) this.scheduler.advanceTo(this.nowMs + 1);
    if (!this.faultRandom.chance(clockJumpProbability)) return;
    this.scheduler.advanceTo(this.nowMs + this.faultRandom.between(1, clockJumpMaximumMs));
    this.record("clock", `jumped to ${this.nowMs}`);
  }

  /** Each lease that was not released yet. */
  get unreleasedLeases(): string[] {
    return this.#drivers.flatMap((driver) => driver.pool.unreleased);
  }

  /** Each lease that was released more than once. */
  get doubleReleases(): string[] {
    return this.#drivers.flatMap((driver) => driver.pool.doubleReleases);
  }

  /** Throws a {@linkcode SimulationError} if a lease was not released, or more than once. */
  assertNoLeaks(): void {
    const twice = this.doubleReleases;
    if (twice.length > 0) throw this.failure(`${twice.length} leases were released twice: ${listed(twice)}`);
    const leaked = this.unreleasedLeases;
    if (leaked.length > 0) throw this.failure(`${leaked.length} leases were not released: ${listed(leaked)}`);
  }

  /** An error that tells the seed, the step, and the end of the trace. */
  failure(message: string, cause?: unknown): SimulationError {
    const trace = this.trace.slice(-SHOWN_LINES).map((line) => `\n  ${line}`);
    return new SimulationError(`${message}${trace.join("")}`, this.options.seed, this.#steps, cause);
  }

  /** @internal The number of a driver that joins. */
  join(driver: MemoryDriver): number {
    return this.#drivers.push(driver);
  }

  /** @internal Add a line to the trace. */
  record(who: string, what: string): void {
    const { traceLines } = this.options;
    if (traceLines === 0) return;
    this.#trace.push(`${this.#steps} ${this.nowMs} ms ${who}: ${what}`);
    // Not at each line, as that would move all others.
    if (this.#trace.length >= 2 * traceLines) this.#trace.splice(0, this.#trace.length - traceLines);
  }

  /** @internal How long one thing takes on its way. */
  drawDelayMs(): number {
    return this.random.between(this.options.delayMinimumMs, this.options.delayMaximumMs);
  }

  /** @internal How many of up to `maximum` bytes go at a time: most often all of them, one, or any number. */
  drawPortion(maximum: number): number {
    if (!this.random.chance(this.options.splitProbability)) return maximum;
    return this.random.chance(0.2) ? 1 : this.random.between(1, maximum);
  }

  /** @internal The first packet of a connection reached its address. */
  dial(address: SocketAddress, dialer: Dialer): void {
    const faults = this.faults.at(address);
    const random = this.faultRandom;
    if (random.chance(faults.connectHangProbability)) {
      this.record(formatAddress(address), "does not answer");
      return;
    }
    if (random.chance(faults.connectErrorProbability)) {
      dialer.onRefused(random.pick(faults.connectErrnos));
      return;
    }
    const listener = random.chance(faults.connectRefusedProbability) ? null : this.addresses.find(address, this.random);
    if (listener !== null) listener.offer(address, dialer);
    // A unix socket's path is not there without its listener, while abstract names are never "there" (unix(7)).
    else dialer.onRefused(address.family === "unix" && !address.path.startsWith("@") ? ENOENT : ECONNREFUSED);
  }

  /** @internal A wire between who connected to an address and who listens there; its server's end. */
  establish(address: SocketAddress, dialer: Dialer, family: SocketAddress["family"]): WireEnd {
    const fate = drawFate(this.faults.at(address), this.faultRandom);
    const wire = new Wire(this, `wire ${++this.#wires}`, fate, dialer.source, address, family);
    this.record(`wire ${this.#wires}`, `${formatAddress(address)} answers`);
    dialer.onEstablished(wire.client);
    return wire.server;
  }
}

function listed(items: readonly string[]): string {
  return items.slice(0, SHOWN_LINES).join("; ");
}
