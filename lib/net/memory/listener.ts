/**
 * A listener in memory, with a backlog as the kernel's.
 *
 * @module
 */
import { EMFILE } from "../../../ffi/abi.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { formatAddress, type SocketAddress } from "../address.ts";
import type { Listener, ListenerHandler } from "../connection.ts";
import type { MemoryDriver } from "./driver.ts";
import { drawMs } from "./faults.ts";
import type { Dialer, MemoryNetwork } from "./network.ts";
import { Task } from "./scheduler.ts";
import type { WireEnd } from "./wire.ts";

/** How a listener was asked for. */
export interface MemoryListenerOptions {
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly ipv6Only: boolean;
}

interface Waiting {
  readonly address: SocketAddress;
  readonly dialer: Dialer;
}

/** See {@linkcode Listener}. */
export class MemoryListener implements Listener {
  readonly address: SocketAddress;
  /** @internal */
  readonly reusePort: boolean;
  /** @internal */
  readonly ipv6Only: boolean;
  readonly #driver: MemoryDriver;
  readonly #network: MemoryNetwork;
  readonly #handler: ListenerHandler;
  readonly #backlogSize: number;
  readonly #backlog: WireEnd[] = [];
  /** Who connects while the backlog is full. TCP tries again and again; here they wait in line. */
  readonly #waiting: Waiting[] = [];
  readonly #acceptTask: Task;
  readonly #retryTimer: Timer;
  #retryMs: number;
  /** Accepting fails until then. */
  #failingUntilMs = 0;
  #isPaused = false;
  #isClosed = false;

  /** @internal */
  constructor(driver: MemoryDriver, handler: ListenerHandler, address: SocketAddress, options: MemoryListenerOptions) {
    this.#driver = driver;
    this.#network = driver.network;
    this.#handler = handler;
    this.address = address;
    this.#backlogSize = Math.max(1, options.backlog);
    this.reusePort = options.reusePort;
    this.ipv6Only = options.ipv6Only;
    this.#acceptTask = new Task(
      `${driver.label} ${formatAddress(address)} accept`,
      () => this.#accept(),
      (error) => driver.onThrown(error),
    );
    this.#retryTimer = new Timer(() => this.#wake());
    this.#retryMs = this.#network.options.acceptRetryMs;
  }

  pause(): void {
    this.#isPaused = true;
    this.#driver.stopTimer(this.#retryTimer);
  }

  acceptSingly(): void {}

  resume(): void {
    if (this.#isClosed) return;
    this.#isPaused = false;
    this.#wake();
  }

  close(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#isClosed = true;
    this.pause();
    this.#network.scheduler.cancel(this.#acceptTask);
    this.#driver.forgetListener(this);
    for (const end of this.#backlog.splice(0)) end.reset();
    for (const { address, dialer } of this.#waiting.splice(0)) {
      if (!dialer.isGone) this.#network.dial(address, dialer);
    }
    return Promise.resolve();
  }

  /** @internal Somebody connects to an address that is this listener's. */
  offer(address: SocketAddress, dialer: Dialer): void {
    if (this.#backlog.length >= this.#backlogSize) {
      this.#waiting.push({ address, dialer });
      return;
    }
    this.#backlog.push(this.#establish(address, dialer));
    this.#wake();
  }

  #establish(address: SocketAddress, dialer: Dialer): WireEnd {
    return this.#network.establish(address, dialer, this.address.family);
  }

  /** @internal A connection of the driver was closed: there may be a descriptor again. */
  onDescriptorFreed(): void {
    if (this.#retryTimer.isStarted) this.#driver.startTimer(this.#retryTimer, 0);
  }

  #wake(): void {
    if (this.#isPaused || this.#retryTimer.isStarted || this.#backlog.length === 0) return;
    this.#network.scheduler.ready(this.#acceptTask);
  }

  #accept(): void {
    if (this.#isPaused || this.#retryTimer.isStarted || this.#backlog.length === 0) return;
    const errno = this.#errno();
    if (errno !== 0) {
      this.#rest(errno);
      return;
    }
    this.#retryMs = this.#network.options.acceptRetryMs;
    const end = this.#backlog.shift() as WireEnd;
    this.#admitWaiting();
    // The next one first: the handler may throw.
    this.#wake();
    this.#driver.accepted(end, this.#handler);
  }

  #errno(): number {
    const faults = this.#network.faults.at(this.address);
    const random = this.#network.faultRandom;
    const { nowMs } = this.#network;
    if (nowMs >= this.#failingUntilMs && random.chance(faults.acceptErrorProbability)) {
      this.#failingUntilMs = nowMs + drawMs(faults.acceptErrorMaximumMs, random);
    }
    if (nowMs < this.#failingUntilMs) return faults.acceptErrno;
    return this.#driver.hasDescriptor ? 0 : EMFILE;
  }

  #rest(errno: number): void {
    this.#driver.startTimer(this.#retryTimer, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, this.#network.options.acceptRetryMaximumMs);
    this.#network.record(this.#acceptTask.name, `fails, errno ${errno}`);
    this.#handler.onAcceptError?.(this, errno);
  }

  #admitWaiting(): void {
    while (this.#backlog.length < this.#backlogSize) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      if (!waiting.dialer.isGone) this.#backlog.push(this.#establish(waiting.address, waiting.dialer));
    }
  }
}
