/**
 * A thread as its own code sees it.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { Listener, ListenerHandler } from "../net/connection.ts";
import type { SocketListener } from "../sockets/socket_listener.ts";
import type { Sockets } from "../sockets/sockets.ts";

/**
 * What the function of a thread's module is given. `Data` is the type of what the threads are started with, `Received`
 * of what they are told by the one that started them, `Posted` of what they tell it.
 *
 * The thread blocks in its ring while nothing is to be done for its sockets, and gives the runtime's own loop a turn
 * only ten times a second: so timers of the runtime, `fetch`, files, and whatever else waits for a promise get on
 * slowly there. Where the thread is known to wait for such things, the runtime's loop runs as everywhere else: while
 * the module's function, {@linkcode onMessage} or the function for the end has not returned, while a socket or a
 * listener of the form with promises is open, and within {@linkcode waitFor}.
 */
export interface Thread<Data = unknown, Received = unknown, Posted = unknown> {
  /** Its number, from 0. */
  readonly index: number;
  /** How many threads there are. */
  readonly count: number;
  /** What the threads were started with: a copy of its own. */
  readonly data: Data;
  /** Its sockets, on a ring of its own. Connections, listeners and timers of them belong to this thread. */
  readonly sockets: Sockets;
  /** Where all threads listen, with the ports that the kernel chose: what the option `listen` says. */
  readonly addresses: readonly SocketAddress[];
  /** Aborted when the thread is to stop. */
  readonly signal: AbortSignal;
  /**
   * Called with each message of the one that started the thread. Those that come before the module's function has
   * returned wait until this is set.
   */
  onMessage: ((message: Received) => unknown) | null;
  /**
   * Tell something to the one that started the thread. What can't be cloned throws a `ThreadError`
   * (`ERR_THREAD_MESSAGE`). What is in `transfer` is moved instead of copied.
   */
  post(message: Posted, transfer?: readonly Transferable[]): void;
  /**
   * Accept connections on one of {@linkcode addresses}, in the fast form: see `Sockets.listenWith`. Each thread should
   * do so: the kernel gives each of them its share, and what no thread accepts waits. On a unix socket of the
   * `default` driver, the first thread gets all connections.
   */
  listenWith(handler: ListenerHandler, index?: number): Promise<Listener>;
  /** The same in the form with promises, see `Sockets.listen`. The listener is closed when the thread is to stop. */
  listen(index?: number): Promise<SocketListener>;
  /**
   * Have the runtime's loop run as long as a promise is pending, such as one of `fetch` or of a timer. The result is
   * the same promise.
   *
   * @example
   * ```ts types
   * import type { ConnectionHandler, Thread } from "@ringway/proxy/threads";
   *
   * export default async function (thread: Thread): Promise<void> {
   *   const handler: ConnectionHandler = {
   *     onConnect() {},
   *     onData(connection, lease) {
   *       lease.release();
   *       const answer = fetch("http://127.0.0.1:9000/").then((response) => response.bytes());
   *       thread.waitFor(answer).then((bytes) => connection.writeBytes(bytes), () => connection.reset());
   *     },
   *     onEnd: (connection) => connection.shutdownWrite(),
   *     onDrain() {},
   *     onClose() {},
   *   };
   *   await thread.listenWith({ onAccept: () => handler });
   * }
   * ```
   */
  waitFor<T>(promise: Promise<T>): Promise<T>;
}

/** What a function of a module may return instead of nothing: it is called, and waited for, when the thread stops. */
export type ThreadCleanup = () => unknown;

/** What a thread's module exports as its default. The thread is ready once it has returned. */
export type ThreadFunction<Data = unknown, Received = unknown, Posted = unknown> = (
  thread: Thread<Data, Received, Posted>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that has no return statement returns void.
) => void | ThreadCleanup | Promise<void | ThreadCleanup>;
