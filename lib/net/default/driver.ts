/**
 * Sockets on `node:net`, on the runtime's own loop: for machines where io_uring is blocked.
 *
 * @module
 */
import { Socket } from "node:net";
import { ECANCELED } from "../../../ffi/abi.ts";
import { RingwayError } from "../../../ffi/errors.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { type Timer, TimerWheel } from "../../ring/timer_wheel.ts";
import { encodeAddress, type SocketAddress } from "../address.ts";
import type { Connection, ConnectionHandler, ConnectionOptions, Listener, ListenerHandler } from "../connection.ts";
import type { Driver, DriverReporter, ListenOptions } from "../driver.ts";
import { UserCode } from "../user_code.ts";
import { DefaultConnection } from "./connection.ts";
import { DescriptorWatch } from "./descriptor_watch.ts";
import { connectErrnoOf } from "./errno.ts";
import { DefaultListener } from "./listener.ts";
import { runtimePath } from "./unix_path.ts";

/** What a driver is made with. */
export interface DefaultDriverOptions {
  /** Limits and times of connections. */
  readonly connection: ConnectionOptions;
  /** Told what no handler can be told. */
  readonly reporter: DriverReporter;
}

/** The longest time that setTimeout takes. */
const MAXIMUM_TIMEOUT_MS = 2 ** 31 - 1;

/** See the module. */
export class DefaultDriver implements Driver {
  readonly name = "default";
  readonly connectionOptions: ConnectionOptions;
  readonly userCode: UserCode = new UserCode();
  readonly #reporter: DriverReporter;
  readonly #connections = new Set<DefaultConnection>();
  readonly #listeners = new Set<DefaultListener>();
  readonly #descriptorWatch: DescriptorWatch;
  readonly #timers: TimerWheel;
  /** The runtime's timer, for the earliest one of the wheel, and when it expires. */
  #timeout: ReturnType<typeof setTimeout> | null = null;
  #timeoutMs = 0;
  #dirty: DefaultConnection[] = [];
  #closing: Promise<void> | null = null;
  #isClosed = false;
  #onEmpty: (() => void) | null = null;

  /** A driver without connections. */
  constructor(options: DefaultDriverOptions) {
    this.connectionOptions = options.connection;
    this.#reporter = options.reporter;
    this.#timers = new TimerWheel(this.nowMs);
    this.#descriptorWatch = new DescriptorWatch(this, this.#listeners);
  }

  get nowMs(): number {
    return performance.now();
  }

  get connectionCount(): number {
    return this.#connections.size;
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
    // One that is in vain would only keep the process alive.
    if (this.#timers.size === 0) this.#planTimers();
  }

  #planTimers(): void {
    const nowMs = this.nowMs;
    const delayMs = this.#isClosed ? -1 : this.#timers.untilNextMs(nowMs);
    if (delayMs >= 0 && this.#timeout !== null && this.#timeoutMs <= nowMs + delayMs) return;
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#timeout = null;
    if (delayMs < 0) return;
    this.#timeoutMs = nowMs + delayMs;
    this.#timeout = setTimeout(() => this.#onTimeout(), Math.min(Math.ceil(delayMs), MAXIMUM_TIMEOUT_MS));
  }

  #onTimeout(): void {
    this.#timeout = null;
    for (;;) {
      try {
        this.#timers.advance(this.nowMs);
        break;
      } catch (error) {
        this.#reporter.onHandlerError(error);
      }
    }
    this.#planTimers();
  }

  async listen(address: SocketAddress, handler: ListenerHandler, options: ListenOptions = {}): Promise<Listener> {
    if (this.#closing !== null) throw closedError("listen");
    const listener = new DefaultListener(this, handler, options);
    this.#listeners.add(listener);
    try {
      await listener.open(address);
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    // It may have been closed meanwhile, together with the driver.
    if (this.#closing !== null) throw closedError("listen");
    this.#descriptorWatch.start();
    return listener;
  }

  connect(address: SocketAddress, handler: ConnectionHandler): Connection {
    if (this.#isClosed) throw closedError("connect");
    // Throws for what can't be an address.
    encodeAddress(address);
    const socket = new Socket({ allowHalfOpen: true });
    const c = new DefaultConnection(this, handler, socket, address, false);
    this.#connections.add(c);
    try {
      if (this.#closing !== null) throw Object.assign(new Error("the driver is closing"), { errno: ECANCELED });
      if (address.family === "unix") socket.connect({ path: runtimePath(address.path) });
      else socket.setNoDelay(true).connect({ host: address.host, port: address.port });
    } catch (error) {
      // Deno throws when it lacks the permission.
      c.isClosing = true;
      c.errno = connectErrnoOf(error);
      socket.destroy();
    }
    return c;
  }

  /** @internal A connection that a listener accepted. */
  accepted(socket: Socket, address: SocketAddress, handler: ListenerHandler): void {
    const c = new DefaultConnection(this, UNATTENDED, socket, address, true);
    this.#connections.add(c);
    try {
      c.handler = handler.onAccept(c);
    } catch (error) {
      this.onHandlerError(error, c);
      return;
    }
    if (!c.isClosing) socket.resume();
  }

  /** @internal Its `onClose` is called now. */
  remove(c: DefaultConnection): void {
    this.#connections.delete(c);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** @internal */
  removeListener(listener: DefaultListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#descriptorWatch.stop();
  }

  /** @internal A handler threw. */
  onHandlerError(error: unknown, c: DefaultConnection): void {
    this.#reporter.onHandlerError(error);
    c.reset();
  }

  /** @internal Service a connection in a turn of the loop of its own. */
  serviceLater(c: DefaultConnection): void {
    if (c.isDirty) return;
    c.isDirty = true;
    this.#dirty.push(c);
    if (this.#dirty.length === 1) setImmediate(() => this.#service());
  }

  #service(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const c of dirty) {
      c.isDirty = false;
      try {
        c.service();
      } catch (error) {
        this.onHandlerError(error, c);
      }
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    const isEmpty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const c of this.#connections) c.reset();
    if (this.#connections.size > 0) await isEmpty;
    this.#isClosed = true;
    this.#planTimers();
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
