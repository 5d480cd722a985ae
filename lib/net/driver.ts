/**
 * A driver makes connections and listeners; see `socket_interface.ts` for how one is chosen.
 *
 * @module
 */
import type { Lease } from "../ring/lease.ts";
import type { Timer } from "../ring/timer_wheel.ts";
import type { SocketAddress } from "./address.ts";
import type { Connection, ConnectionHandler, ConnectionOptions, Listener, ListenerHandler } from "./connection.ts";
import type { UserCode } from "./user_code.ts";

/** The name of a driver. */
export type DriverName = "uring" | "default" | "memory";

/** How to listen. */
export interface ListenOptions {
  /** Connections that wait in the kernel until they are accepted. */
  readonly backlog?: number;
  /** Share the port with other listeners; the kernel picks one per connection (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Only IPv6 on an IPv6 address, not IPv4 too. */
  readonly ipv6Only?: boolean;
  /** Begin as if `acceptSingly(true)` had been called: connections may be there already. */
  readonly acceptSingly?: boolean;
  /** A listening descriptor to use instead of a new one. It stays open when the listener closes. */
  readonly descriptor?: number;
}

/** How a driver reports what it can't tell to a handler. */
export interface DriverReporter {
  /** A handler threw. Its connection was reset, the others go on. */
  onHandlerError(error: unknown): void;
  /** Something is not as fast or as large as it could be, said once. */
  onNotice(message: string): void;
}

/** Sockets, timers and the time of one thread. All of it belongs to that thread alone. */
export interface Driver {
  /** Which driver it is. */
  readonly name: DriverName;
  /** Milliseconds since some moment, as of this turn of the loop. Never goes back. */
  readonly nowMs: number;
  /** Limits and times of its connections. */
  readonly connectionOptions: ConnectionOptions;
  /** Tells the thread's loop when user code waits for what only the runtime's own loop can give. */
  readonly userCode: UserCode;
  /** Start a timer, or move it. It expires at most a few milliseconds late, never early. */
  startTimer(timer: Timer, delayMs: number): void;
  /** Stop a timer. */
  stopTimer(timer: Timer): void;
  /** Listen on an address. Rejects with a SocketError. */
  listen(address: SocketAddress, handler: ListenerHandler, options?: ListenOptions): Promise<Listener>;
  /**
   * Connect to an address; the result is told to the handler, never from within this call. Throws only for
   * what can't be an address, such as too long a path, and on a closed driver.
   */
  connect(address: SocketAddress, handler: ConnectionHandler): Connection;
  /**
   * Memory of at least `bytes` to write into, as a lease of its whole length: shorten it to what was written and
   * give it to a connection, which then sends it without a copy if it can.
   */
  allocate(bytes: number): Lease;
  /** Open connections, those being closed included. */
  readonly connectionCount: number;
  /**
   * Reset all connections, close all listeners, and free everything. Every connection's `onClose` is
   * called before it resolves; timers are not called any more.
   */
  close(): Promise<void>;
}
