/**
 * The thread's own side: opens what it is for, turns its ring, listens to the one that started it, and ends.
 *
 * @module
 */
import process from "node:process";
import type { Driver } from "../net/driver.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { runParked } from "../net/uring/parked_loop.ts";
import { describeError, threadFailure } from "./failure.ts";
import { MessageCounter } from "./message_counter.ts";
import type { FromThread, ToThread } from "./messages.ts";

/** What a thread does, once it is open. */
export interface ThreadProgram<Message> {
  /** The thread's driver, whose loop is turned from now on until the program is to end. */
  readonly driver: Driver;
  /** What is left to do before the thread is ready, if anything. The loop turns meanwhile. */
  start?(): Promise<void>;
  /** A message came. The promise is of interest only if it rejects, which ends the thread. */
  receive(message: Message): void | Promise<void>;
  /** It was told to stop, and the loop still turns until this is done. */
  stop?(): Promise<void>;
  /** Close the driver and what depends on it. */
  end(): Promise<void>;
}

/** The loop of a program's driver. */
export interface ThreadLoop {
  /** Turn it no more. What turns by itself, on the runtime's loop, is left alone. */
  close(): Promise<void>;
}

/** How a kind of thread is made. */
export interface ThreadDefinition<Start, Message> {
  /** The code of errors that have none. */
  readonly errorCode: string;
  /** Open the driver, and what can be done before its loop turns. `null`: that was all, and the thread is ready. */
  open(start: Start, loop: ThreadLoop): Promise<ThreadProgram<Message> | null>;
  /** A promise was rejected that nobody waited for. It ends nothing. */
  onRejection(error: unknown): void;
}

interface ThreadScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
}

const scope = globalThis as unknown as ThreadScope;

/** Say something to the one that started this thread. */
export function reply<Reply>(message: Reply, transfer: readonly Transferable[] = []): void {
  post<Reply>({ type: "message", message }, transfer);
}

function post<Reply = never>(message: FromThread<Reply>, transfer: readonly Transferable[] = []): void {
  scope.postMessage(message, transfer);
}

/** Make this thread one of a kind. To be called once, by the module that the thread was started with. */
export function runThread<Start, Message>(definition: ThreadDefinition<Start, Message>): void {
  const runner = new ThreadRunner(definition);
  // User code that forgot about a promise is no reason to end all connections.
  process.on("unhandledRejection", (error) => definition.onRejection(error));
  scope.onmessage = (event) => void runner.receive(event.data as ToThread<Start, Message>);
}

class ThreadRunner<Start, Message> implements ThreadLoop {
  readonly #definition: ThreadDefinition<Start, Message>;
  /** Settles when it is open, or could not be opened. */
  #opening: Promise<ThreadProgram<Message> | null> = Promise.resolve(null);
  #driver: UringDriver | null = null;
  /** Messages after the first one that were received, and have had their effect. */
  #received = 0;
  #isLoopEnding = false;
  #loopEnded: Promise<void> = Promise.resolve();

  constructor(definition: ThreadDefinition<Start, Message>) {
    this.#definition = definition;
  }

  async receive(message: ToThread<Start, Message>): Promise<void> {
    try {
      if (message.type === "start") await this.#run(message.start, new MessageCounter(message.sent));
      else await this.#handle(message);
    } catch (error) {
      post({ type: "crashed", reason: describeError(error) });
    }
  }

  async #run(start: Start, sent: MessageCounter): Promise<void> {
    this.#opening = this.#open(start);
    const program = await this.#opening;
    if (program === null) return;
    const { driver } = program;
    if (!(driver instanceof UringDriver)) {
      await this.#start(program);
      return;
    }
    post({ type: "ring", handle: driver.ring.handle });
    this.#driver = driver;
    void this.#start(program);
    this.#loopEnded = runParked(driver, {
      isStopped: () => this.#isLoopEnding,
      isMessageOnItsWay: () => sent.sent !== this.#received,
    });
    await this.#loopEnded;
  }

  async #open(start: Start): Promise<ThreadProgram<Message> | null> {
    try {
      const program = await this.#definition.open(start, this);
      if (program === null) post({ type: "ready" });
      return program;
    } catch (error) {
      this.#startFailed(error);
      return null;
    }
  }

  async #start(program: ThreadProgram<Message>): Promise<void> {
    try {
      if (program.start !== undefined) await program.driver.userCode.track(program.start());
      post({ type: "ready" });
    } catch (error) {
      this.#startFailed(error);
    }
  }

  #startFailed(error: unknown): void {
    post({ type: "failed", failure: threadFailure(error, this.#definition.errorCode) });
  }

  async #handle(message: Exclude<ToThread<Start, Message>, { type: "start" }>): Promise<void> {
    // One may come while the thread is still being opened.
    const program = await this.#opening;
    const handling = message.type === "stop" ? this.#stop(program) : program?.receive(message.message);
    // Not before: a loop that finds no message on its way has to find what the last one changed.
    this.#received++;
    await handling;
  }

  async #stop(program: ThreadProgram<Message> | null): Promise<void> {
    if (program?.stop !== undefined) {
      const { userCode } = program.driver;
      userCode.begin();
      await program.stop();
      // First: without user code it would block again.
      this.#isLoopEnding = true;
      userCode.end();
    }
    await this.close();
    await program?.end();
    post({ type: "stopped" });
  }

  close(): Promise<void> {
    this.#isLoopEnding = true;
    // As a guest it looks only when it is called.
    this.#driver?.userCode.onNonePending?.();
    return this.#loopEnded;
  }
}
