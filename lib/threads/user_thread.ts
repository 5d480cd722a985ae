/**
 * The program of a thread that runs a module of the user's.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { SocketAddress } from "../net/address.ts";
import type { Listener, ListenerHandler } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { openDriver } from "../net/open_driver.ts";
import { driverReporter } from "../sockets/problems.ts";
import type { SocketListener } from "../sockets/socket_listener.ts";
import { Sockets } from "../sockets/sockets.ts";
import { assertPostable, cloneError } from "./cloning.ts";
import { ThreadError } from "./errors.ts";
import { describeError } from "./failure.ts";
import type { ThreadListener } from "./listeners.ts";
import { reply, type ThreadLoop, type ThreadProgram } from "./run_thread.ts";
import { withoutConnections } from "./silent_listening.ts";
import type { Thread, ThreadCleanup, ThreadFunction } from "./thread.ts";
import { importThreadFunction } from "./thread_module.ts";
import type { UserReply, UserStart } from "./user_messages.ts";

/** Tell the one that started this thread what went wrong. */
export function reportProblem(problem: RingwayError): void {
  const { message, code, source, operation } = problem;
  const stack = problem.cause === undefined ? describeError(problem) : describeError(problem.cause);
  reply<UserReply>({ type: "problem", problem: { message, code, source, operation, stack } });
}

/** See the module. */
export class UserThread implements Thread, ThreadProgram<unknown> {
  readonly index: number;
  readonly count: number;
  readonly data: unknown;
  readonly sockets: Sockets;
  readonly addresses: readonly SocketAddress[];
  readonly driver: Driver;
  readonly #listeners: readonly ThreadListener[];
  readonly #function: ThreadFunction;
  readonly #stopping: AbortController = new AbortController();
  #starting: Promise<unknown> = Promise.resolve();
  #isStarted = false;
  #cleanup: ThreadCleanup | null = null;
  #onMessage: Thread["onMessage"] = null;
  /** Messages that came before somebody listened. */
  #waiting: unknown[] = [];

  /** Import the module, then open the driver. */
  static async open(start: UserStart, loop: ThreadLoop): Promise<UserThread> {
    const threadFunction = await importThreadFunction(start.module);
    const { selected, libraryPath, ioUring } = start;
    const driver = await openDriver({
      driver: selected.driver,
      libraryPath,
      disabledFeatures: selected.disabledFeatures,
      ioUring,
      isParked: start.loop === "parked",
      reporter: driverReporter(reportProblem),
    });
    // User code without an end: the ring never blocks the thread.
    if (start.loop === "bridged") driver.userCode.begin();
    return new UserThread(start, threadFunction, driver, loop);
  }

  private constructor(start: UserStart, threadFunction: ThreadFunction, driver: Driver, loop: ThreadLoop) {
    this.index = start.index;
    this.count = start.count;
    this.data = start.data;
    this.addresses = start.addresses;
    this.driver = driver;
    this.sockets = new Sockets(driver, { selected: start.selected, bridge: loop, onProblem: reportProblem });
    this.#listeners = start.listeners;
    this.#function = threadFunction;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  start(): Promise<void> {
    const starting = this.#start();
    this.#starting = starting.catch(() => {});
    return starting;
  }

  async #start(): Promise<void> {
    const result: unknown = await this.#function(this);
    if (typeof result === "function") this.#cleanup = result as ThreadCleanup;
    this.#isStarted = true;
    if (this.#onMessage === null) this.#drop(this.#waiting.splice(0).length);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new ThreadError("ERR_THREAD_STOPPED", "run a thread", "The thread is to stop"));
    await this.#starting;
    try {
      await this.#cleanup?.();
    } catch (error) {
      reportProblem(handlerError("The function for the end of a thread", error));
    }
  }

  end(): Promise<void> {
    return this.sockets.close();
  }

  get onMessage(): Thread["onMessage"] {
    return this.#onMessage;
  }

  set onMessage(handler: Thread["onMessage"]) {
    this.#onMessage = handler;
    // Not from within the assignment.
    if (this.#waiting.length > 0) queueMicrotask(() => this.#deliverWaiting());
  }

  receive(message: unknown): void {
    if (this.#onMessage === null && this.#isStarted) this.#drop(1);
    else if (this.#onMessage === null || this.#waiting.length > 0) this.#waiting.push(message);
    else void this.#deliver(this.#onMessage, message);
  }

  #deliverWaiting(): void {
    for (const message of this.#waiting.splice(0)) this.receive(message);
  }

  async #deliver(handler: NonNullable<Thread["onMessage"]>, message: unknown): Promise<void> {
    try {
      const handling = handler(message);
      if (handling instanceof Promise) await this.waitFor(handling);
    } catch (error) {
      reportProblem(handlerError("The handler of a thread's messages", error));
    }
  }

  #drop(count: number): void {
    if (count === 0) return;
    const messages = count === 1 ? "A message" : `${count} messages`;
    const remedy = "set onMessage before the function returns";
    const text = `${messages} came to thread ${this.index}, where nobody listens: ${remedy}`;
    reportProblem(new ThreadError("ERR_THREAD_MESSAGE", "receive a message", text));
  }

  post(message: unknown, transfer: readonly Transferable[] = []): void {
    assertPostable("A message of a thread", message);
    try {
      reply<UserReply>({ type: "message", message }, transfer);
    } catch (error) {
      throw cloneError("A message of a thread", error);
    }
  }

  async listenWith(handler: ListenerHandler, index = 0): Promise<Listener> {
    const { owner: _, address, ...options } = this.#listener(index);
    return await this.#socketsFor(index).listenWith(address, handler, options);
  }

  async listen(index = 0): Promise<SocketListener> {
    const { owner: _, address, ...options } = this.#listener(index);
    return await this.#socketsFor(index).listen(address, { ...options, signal: this.signal });
  }

  #listener(index: number): ThreadListener {
    const address = this.addresses[index];
    if (address === undefined) throw noListener(index, this.addresses.length);
    return this.#own(index) ?? { owner: index, address, reusePort: false };
  }

  #own(index: number): ThreadListener | undefined {
    return this.#listeners.find(({ owner }) => owner === index);
  }

  /** Where another thread has the address to itself, they accept nothing. */
  #socketsFor(index: number): Sockets {
    if (this.#own(index) !== undefined) return this.sockets;
    return new Sockets(withoutConnections(this.driver), { onProblem: reportProblem });
  }

  waitFor<T>(promise: Promise<T>): Promise<T> {
    return this.driver.userCode.track(promise);
  }
}

function handlerError(what: string, cause: unknown): RingwayError {
  if (cause instanceof RingwayError) return cause;
  return new ThreadError("ERR_THREAD_HANDLER", "run a thread", `${what} threw: ${describeError(cause)}`, cause);
}

function noListener(index: number, count: number): ThreadError {
  const there = count === 0 ? "there is none" : `there are ${count}, numbered from 0`;
  const message = `No address has the number ${index}: ${there}; give addresses by the option "listen" of startThreads`;
  return new ThreadError("ERR_THREAD_OPTION", "listen", message);
}
