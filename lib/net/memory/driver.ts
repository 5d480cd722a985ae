/**
 * A driver whose sockets are objects: for tests, and for simulating whole proxies.
 *
 * Several drivers can share a network: each stands for a thread, on the same or on another machine.
 *
 * @module
 */
import { EBADF, ECANCELED, EMFILE } from "../../../ffi/abi.ts";
import { RingwayError } from "../../../ffi/errors.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { type Timer, TimerWheel } from "../../ring/timer_wheel.ts";
import { formatAddress, type IpAddress, type SocketAddress } from "../address.ts";
import type { ConnectionHandler, ConnectionOptions, Listener, ListenerHandler } from "../connection.ts";
import type { Driver, ListenOptions } from "../driver.ts";
import { SocketError } from "../errors.ts";
import { UserCode } from "../user_code.ts";
import { canonicalAddress, isLoopback, loopback } from "./address_book.ts";
import { MemoryConnection } from "./connection.ts";
import { MemoryLeasePool } from "./lease_pool.ts";
import { MemoryListener } from "./listener.ts";
import type { MemoryNetwork } from "./network.ts";
import { Task } from "./scheduler.ts";
import type { WireEnd } from "./wire.ts";

/** What a driver is made with. */
export interface MemoryDriverOptions {
  /** For the trace; by default `driver 1` and so on. */
  readonly label?: string;
  /** Addresses of its machine, besides the loopback ones. The first one of a family is where it connects from. */
  readonly hosts?: readonly IpAddress[];
  /** Limits and times of connections. */
  readonly connection?: Partial<ConnectionOptions>;
  /** Bytes that one receive delivers at the most. */
  readonly receiveBytes?: number;
  /** Buffers for received bytes. While all are leased nothing is received. */
  readonly receiveBuffers?: number;
  /** Connections at a time. Above it connecting and accepting fail with EMFILE. */
  readonly descriptors?: number;
  /**
   * A handler or a timer threw; a handler's connection was reset. Without it, the step throws, as in a
   * simulation that is a bug.
   */
  readonly onHandlerError?: (error: unknown) => void;
}

const DEFAULT_CONNECTION_OPTIONS: ConnectionOptions = {
  writeHighWatermarkBytes: 65536,
  writeLowWatermarkBytes: 16384,
  writeTimeoutMs: 1000,
};
const DEFAULT_RECEIVE_BYTES = 16384;
const DEFAULT_BACKLOG = 4096;

/** See the module. */
export class MemoryDriver implements Driver {
  readonly name = "memory";
  readonly connectionOptions: ConnectionOptions;
  readonly userCode: UserCode = new UserCode();
  /** The network that it is part of. */
  readonly network: MemoryNetwork;
  /** For the trace. */
  readonly label: string;
  /** Bytes that one receive delivers at the most. */
  readonly receiveBytes: number;
  /** The leases of what it received, and of what was copied to be written. */
  readonly pool: MemoryLeasePool;
  readonly #hosts: readonly IpAddress[];
  readonly #receiveBuffers: number;
  readonly #descriptors: number;
  readonly #onHandlerError: ((error: unknown) => void) | undefined;
  readonly #timers: TimerWheel;
  readonly #timersTask: Task;
  readonly #connections = new Set<MemoryConnection>();
  readonly #listeners = new Set<MemoryListener>();
  /** Connections that wait for a buffer. */
  readonly #starved = new Set<MemoryConnection>();
  #connectionNumber = 0;
  #closing: Promise<void> | null = null;
  #isClosed = false;

  /** Join a network. */
  constructor(network: MemoryNetwork, options: MemoryDriverOptions = {}) {
    this.network = network;
    const number = network.join(this);
    this.label = options.label ?? `driver ${number}`;
    this.connectionOptions = { ...DEFAULT_CONNECTION_OPTIONS, ...options.connection };
    this.receiveBytes = options.receiveBytes ?? DEFAULT_RECEIVE_BYTES;
    this.#hosts = options.hosts ?? [];
    this.#receiveBuffers = options.receiveBuffers ?? Number.POSITIVE_INFINITY;
    this.#descriptors = options.descriptors ?? Number.POSITIVE_INFINITY;
    this.#onHandlerError = options.onHandlerError;
    this.pool = new MemoryLeasePool(() => this.#onBufferReturned());
    this.#timers = new TimerWheel(network.nowMs);
    this.#timersTask = new Task(
      `${this.label} timers`,
      () => this.#advanceTimers(),
      (error) => this.onThrown(error),
    );
  }

  get nowMs(): number {
    return this.network.nowMs;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Open connections, those being closed included. */
  get connections(): Iterable<MemoryConnection> {
    return this.#connections;
  }

  /** @internal May another connection be made? */
  get hasDescriptor(): boolean {
    return this.#connections.size < this.#descriptors;
  }

  allocate(bytes: number): Lease {
    return leaseBytes(new Uint8Array(bytes));
  }

  startTimer(timer: Timer, delayMs: number): void {
    this.#timers.start(timer, this.nowMs, delayMs);
    this.#planTimers();
  }

  stopTimer(timer: Timer): void {
    this.#timers.stop(timer);
    this.#planTimers();
  }

  #planTimers(): void {
    const delayMs = this.#isClosed ? -1 : this.#timers.untilNextMs(this.nowMs);
    if (delayMs < 0) this.network.scheduler.cancel(this.#timersTask);
    else this.network.scheduler.after(this.#timersTask, delayMs);
  }

  #advanceTimers(): void {
    try {
      this.#timers.advance(this.nowMs);
    } finally {
      // After one that threw the others are still due.
      this.#planTimers();
    }
  }

  listen(address: SocketAddress, handler: ListenerHandler, options: ListenOptions = {}): Promise<Listener> {
    return new Promise((resolve) => resolve(this.#listen(canonicalAddress(address, false), handler, options)));
  }

  #listen(asked: SocketAddress, handler: ListenerHandler, options: ListenOptions): Listener {
    const { reusePort = false, ipv6Only = false, backlog = DEFAULT_BACKLOG } = options;
    const { addresses } = this.network;
    if (this.#closing !== null) throw closedError("listen");
    // No descriptor of the process is one of this network.
    const isForeign = options.descriptor !== undefined;
    const errno = isForeign ? EBADF : addresses.check(asked, { reusePort, ipv6Only }, this.#hosts);
    if (errno !== 0) throw new SocketError(errno, "listen on", formatAddress(asked));
    const isPortOpen = asked.family !== "unix" && asked.port === 0;
    const address = isPortOpen ? { ...asked, port: addresses.freePort() } : asked;
    const listener = new MemoryListener(this, handler, address, { backlog, reusePort, ipv6Only });
    addresses.add(listener);
    this.#listeners.add(listener);
    return listener;
  }

  /** @internal A listener closes. */
  forgetListener(listener: MemoryListener): void {
    this.network.addresses.remove(listener);
    this.#listeners.delete(listener);
  }

  connect(address: SocketAddress, handler: ConnectionHandler): MemoryConnection {
    if (this.#isClosed) throw closedError("connect");
    const target = canonicalAddress(address, true);
    const c = new MemoryConnection(this, this.#nextName(), handler, this.#localAddressTo(target), null);
    const errno = this.#closing !== null ? ECANCELED : this.hasDescriptor ? 0 : EMFILE;
    this.#connections.add(c);
    c.connect(target, errno);
    return c;
  }

  #nextName(): string {
    return `${this.label} connection ${++this.#connectionNumber}`;
  }

  #localAddressTo(target: SocketAddress): SocketAddress | null {
    if (target.family === "unix") return null;
    const own = this.#hosts.find((host) => host.family === target.family);
    const host = isLoopback(target) || own === undefined ? loopback(target.family) : own.host;
    return { family: target.family, host, port: this.network.addresses.freePort() };
  }

  /** @internal A listener accepts what was in its backlog. */
  accepted(end: WireEnd, handler: ListenerHandler): void {
    const c = new MemoryConnection(this, this.#nextName(), UNATTENDED, end.localAddress, end);
    this.#connections.add(c);
    this.network.record(c.name, "accepted");
    try {
      c.handler = handler.onAccept(c);
    } catch (error) {
      c.reset();
      throw error;
    }
  }

  /** @internal A connection is gone. */
  forget(c: MemoryConnection): void {
    this.#connections.delete(c);
    this.#starved.delete(c);
    for (const listener of this.#listeners) listener.onDescriptorFreed();
  }

  /** @internal Is there a buffer to receive into? If not, the connection is told when there is. */
  acquireBuffer(c: MemoryConnection): boolean {
    if (this.pool.buffersInUse < this.#receiveBuffers) return true;
    this.#starved.add(c);
    return false;
  }

  #onBufferReturned(): void {
    // All of them: the first one may not want it any more. Those that find none wait again.
    const starved = [...this.#starved];
    this.#starved.clear();
    for (const c of starved) c.onReadable();
  }

  /** @internal A handler or a timer threw. */
  onThrown(error: unknown): void {
    if (this.#onHandlerError === undefined) throw error;
    this.#onHandlerError(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A handler may have asked for it, and events do not come from within a call.
    await null;
    for (const listener of this.#listeners) listener.close();
    for (const c of this.#connections) c.reset();
    // A handler may react to the end of one connection with another one, which is cancelled at once.
    while (this.#connections.size > 0) for (const c of this.#connections) c.endNow();
    this.#isClosed = true;
    this.network.scheduler.cancel(this.#timersTask);
  }
}

function closedError(operation: string): RingwayError {
  return new RingwayError(`Cannot ${operation}: the driver is closed`, {
    code: "ERR_DRIVER_CLOSED",
    source: "internal",
    operation,
  });
}

/** A connection's handler until its listener's handler has named one. */
const UNATTENDED: ConnectionHandler = {
  onConnect() {},
  onData(_connection, lease) {
    lease.release();
  },
  onEnd() {},
  onDrain() {},
  onClose() {},
};
