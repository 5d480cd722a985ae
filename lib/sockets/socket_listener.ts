/**
 * A listener whose connections come as sockets, one by one.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import { formatAddress, type SocketAddress } from "../net/address.ts";
import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../net/connection.ts";
import type { Driver, ListenOptions } from "../net/driver.ts";
import { SocketError } from "../net/errors.ts";
import { SocketUseError } from "./errors.ts";
import { Socket } from "./socket.ts";
import { checkSocketOptions, type SocketOptions, setSocketOptions } from "./socket_options.ts";
import { SocketState } from "./socket_state.ts";

/** How to listen. */
export interface SocketListenOptions extends Omit<ListenOptions, "acceptSingly">, SocketOptions {
  /** Closes the listener when it is aborted; its sockets go on. */
  readonly signal?: AbortSignal;
  /**
   * Accepted sockets that may wait to be asked for, from 1 on; above that the kernel keeps further ones in its own
   * backlog. Without: 128.
   */
  readonly maximumWaiting?: number;
}

const DEFAULT_MAXIMUM_WAITING = 128;

/** See `Sockets.listen`. The listener is one of the `open` ones until it is closed. */
export async function listenForSockets(
  driver: Driver,
  address: SocketAddress,
  options: SocketListenOptions,
  onProblem: (problem: RingwayError) => void,
  open: Set<SocketListener>,
): Promise<SocketListener> {
  const { signal, maximumWaiting = DEFAULT_MAXIMUM_WAITING, ...rest } = options;
  if (!(Number.isInteger(maximumWaiting) && maximumWaiting >= 1)) {
    const message = `Cannot listen: maximumWaiting is ${maximumWaiting}, not a whole number from 1 on`;
    throw new SocketUseError("ERR_SOCKET_ARGUMENT", "listen", message);
  }
  checkSocketOptions("listen", options);
  signal?.throwIfAborted();
  const queue = new AcceptQueue(driver, maximumWaiting, options, onProblem);
  const listener = await driver.listen(address, queue, rest);
  queue.listener = listener;
  if (signal?.aborted) {
    await queue.close();
    signal.throwIfAborted();
  }
  driver.userCode.begin();
  const close = () => void queue.close();
  signal?.addEventListener("abort", close, { once: true });
  const opened = new SocketListener(listener.address, queue);
  open.add(opened);
  queue.onClosed = () => {
    driver.userCode.end();
    signal?.removeEventListener("abort", close);
    open.delete(opened);
  };
  return opened;
}

/** Accepted sockets that nobody has asked for yet, or somebody who waits for one. */
class AcceptQueue implements ListenerHandler {
  listener: Listener | null = null;
  onClosed: () => void = () => {};
  readonly #driver: Driver;
  readonly #maximum: number;
  readonly #options: SocketOptions;
  readonly #onProblem: (problem: RingwayError) => void;
  readonly #sockets: Socket[] = [];
  readonly #waiting: ((socket: Socket | null) => void)[] = [];
  #closing: Promise<void> | null = null;

  constructor(driver: Driver, maximum: number, options: SocketOptions, onProblem: (problem: RingwayError) => void) {
    this.#driver = driver;
    this.#maximum = maximum;
    this.#options = options;
    this.#onProblem = onProblem;
  }

  onAccept(connection: Connection): ConnectionHandler {
    const state = new SocketState(this.#driver, null);
    state.connection = connection;
    setSocketOptions(connection, this.#options);
    const socket = new Socket(state, this.#onProblem);
    if (this.#closing !== null) {
      socket.reset();
      return state;
    }
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting(socket);
      return state;
    }
    this.#sockets.push(socket);
    if (this.#sockets.length >= this.#maximum) this.listener?.pause();
    return state;
  }

  onAcceptError(listener: Listener, errno: number): void {
    this.#onProblem(new SocketError(errno, "accept connections on", formatAddress(listener.address)));
  }

  accept(): Promise<Socket | null> {
    const socket = this.#sockets.shift();
    if (socket !== undefined) {
      if (this.#sockets.length === this.#maximum - 1 && this.#closing === null) this.listener?.resume();
      return Promise.resolve(socket);
    }
    if (this.#closing !== null) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const waiting of this.#waiting.splice(0)) waiting(null);
    for (const socket of this.#sockets.splice(0)) socket.reset();
    await this.listener?.close();
    this.onClosed();
  }
}

/**
 * Accepts sockets. Iterate over it, or ask for one after the other.
 *
 * @example
 * ```ts
 * import { openSockets } from "@ringway/proxy/sockets";
 *
 * await using sockets = await openSockets();
 * await using listener = await sockets.listen("127.0.0.1:0");
 * await using client = await sockets.connect(listener.address);
 * for await (const socket of listener) {
 *   await socket.write("good bye\n");
 *   await socket.close();
 *   break;
 * }
 * console.log(await client.read());
 * ```
 */
export class SocketListener implements AsyncDisposable, AsyncIterable<Socket> {
  /** Where it listens, with the port that the kernel chose if 0 was asked for. */
  readonly address: SocketAddress;
  readonly #queue: AcceptQueue;

  /** @internal */
  constructor(address: SocketAddress, queue: AcceptQueue) {
    this.address = address;
    this.#queue = queue;
  }

  /** The next connection; `null` once the listener is closed. */
  accept(): Promise<Socket | null> {
    return this.#queue.accept();
  }

  /** The connections, until the listener is closed. Leaving the loop early closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Socket, void, undefined> {
    try {
      for (let socket = await this.accept(); socket !== null; socket = await this.accept()) yield socket;
    } finally {
      await this.close();
    }
  }

  /** Accept no more. Sockets that were accepted go on; those that nobody has asked for are reset. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
