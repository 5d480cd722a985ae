/**
 * A thread's sockets: on io_uring where it works, on the runtime's own sockets where it does not.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../net/connection.ts";
import type { Driver, ListenOptions } from "../net/driver.ts";
import { defaultIoUringOptions, type IoUringOptions, ringOptions } from "../net/io_uring_options.ts";
import { openDriver } from "../net/open_driver.ts";
import { type RequestedInterface, type SelectedInterface, selectSocketInterface } from "../net/socket_interface.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { type AddressLike, toAddress } from "./address_like.ts";
import { Bridge } from "./bridge.ts";
import { connectSocket, type SocketConnectOptions } from "./connect.ts";
import { SocketUseError } from "./errors.ts";
import { driverReporter, warn } from "./problems.ts";
import type { Socket } from "./socket.ts";
import { listenForSockets, type SocketListener, type SocketListenOptions } from "./socket_listener.ts";

/** How a thread's sockets are made. */
export interface SocketsOptions {
  /** Which driver: `"auto"` (io_uring if it works here), `"uring"` or `"default"`. */
  readonly socketInterface?: RequestedInterface;
  /** Sizes and times of the ring. */
  readonly ioUring?: Partial<IoUringOptions>;
  /** A driver of one's own instead of those. It is closed together with the sockets. */
  readonly driver?: Driver;
  /** Told what no caller can be told, such as what a handler threw; without, a warning of the process. */
  readonly onProblem?: (problem: RingwayError) => void;
}

/**
 * Open this thread's sockets. They share the thread with everything else that runs in it: timers, `fetch`, servers of
 * the runtime's own. The process ends by itself when no connection, listener or timer of theirs is left.
 *
 * @example
 * ```ts
 * import { openSockets } from "@ringway/proxy/sockets";
 *
 * await using sockets = await openSockets();
 * const listener = await sockets.listen("127.0.0.1:0");
 * void (async () => {
 *   for await (const socket of listener) void socket.readable.pipeTo(socket.writable);
 * })();
 *
 * await using socket = await sockets.connect(listener.address);
 * await socket.write("hello");
 * console.log(new TextDecoder().decode((await socket.read()) ?? undefined));
 * ```
 *
 * @throws {RingwayError} why io_uring can't be used and what to do about it, if it was asked for by `"uring"`
 */
export async function openSockets(options: SocketsOptions = {}): Promise<Sockets> {
  const onProblem = options.onProblem ?? warn;
  if (options.driver !== undefined) return new Sockets(options.driver, { onProblem });
  const ioUring = { ...defaultIoUringOptions, ...options.ioUring };
  const wanted = options.socketInterface ?? "auto";
  const selected = await selectSocketInterface({ wanted, ringOptions: ringOptions(ioUring, 0) });
  const { disabledFeatures } = selected;
  const driver = await openDriver({
    driver: selected.driver,
    libraryPath: null,
    disabledFeatures,
    ioUring,
    isParked: false,
    reporter: driverReporter(onProblem),
  });
  const bridge = driver instanceof UringDriver ? new Bridge(driver) : null;
  return new Sockets(driver, { selected, bridge, onProblem });
}

/** @internal What sockets are made of besides their driver. */
export interface SocketsParts {
  readonly selected?: SelectedInterface;
  /** What turns the driver's loop, to be closed before the driver. Without, that is somebody else's task. */
  readonly bridge?: Pick<Bridge, "close"> | null;
  readonly onProblem: (problem: RingwayError) => void;
}

/** A thread's sockets, made by {@linkcode openSockets}. They belong to that thread alone. */
export class Sockets implements AsyncDisposable {
  /** The driver behind them: its timers, its clock, its buffers. */
  readonly driver: Driver;
  /** Which driver was chosen, and why; `null` for a driver of one's own. */
  readonly selected: SelectedInterface | null;
  readonly #bridge: Pick<Bridge, "close"> | null;
  readonly #onProblem: (problem: RingwayError) => void;
  readonly #listeners: Set<SocketListener> = new Set();
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(driver: Driver, parts: SocketsParts) {
    this.driver = driver;
    this.selected = parts.selected ?? null;
    this.#bridge = parts.bridge ?? null;
    this.#onProblem = parts.onProblem;
  }

  /**
   * Listen, in the fast form: `handler` is called for each connection and returns the connection's own handler, which
   * gets leases of the received bytes instead of copies.
   *
   * @throws {SocketError} with the errno's name as its `code`, such as `EADDRINUSE`
   */
  async listenWith(address: AddressLike, handler: ListenerHandler, options: ListenOptions = {}): Promise<Listener> {
    this.#assertOpen("listen");
    return await this.driver.listen(toAddress(address, "listen"), handler, options);
  }

  /** Connect, in the fast form. What becomes of it is told to `handler`. Names are not resolved. */
  connectWith(address: AddressLike, handler: ConnectionHandler): Connection {
    this.#assertOpen("connect");
    return this.driver.connect(toAddress(address, "connect"), handler);
  }

  /**
   * Listen; connections come one by one from the listener, as an async iterable.
   *
   * @throws {SocketError} with the errno's name as its `code`, such as `EADDRINUSE`
   */
  async listen(address: AddressLike, options: SocketListenOptions = {}): Promise<SocketListener> {
    this.#assertOpen("listen");
    return await listenForSockets(this.driver, toAddress(address, "listen"), options, this.#onProblem, this.#listeners);
  }

  /**
   * Connect. A name is resolved by the system, and its addresses are tried one after the other.
   *
   * @throws {SocketError} with the errno's name as its `code`, such as `ECONNREFUSED`
   * @throws {SocketUseError} `ERR_SOCKET_TIMEOUT`
   */
  async connect(address: AddressLike, options: SocketConnectOptions = {}): Promise<Socket> {
    this.#assertOpen("connect");
    return await connectSocket(this.driver, address, options, this.#onProblem);
  }

  /** Reset all connections, close all listeners, and free everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const listeners = [...this.#listeners].map((listener) => listener.close());
    await this.#bridge?.close();
    await this.driver.close();
    await Promise.all(listeners);
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(operation: string): void {
    if (this.#closing === null) return;
    throw new SocketUseError("ERR_SOCKET_CLOSED", operation, `Cannot ${operation}: the sockets were closed`);
  }
}
