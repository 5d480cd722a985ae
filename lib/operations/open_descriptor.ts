/**
 * A descriptor that operations have opened, until it is closed.
 *
 * @module
 */
import { ECANCELED } from "../../ffi/abi.ts";
import { closeFileCommand } from "./commands.ts";
import { operationError } from "./errors.ts";
import type { OperationQueue } from "./operation_queue.ts";

/** One that nobody can close any more. */
interface Forgotten {
  readonly queue: OperationQueue;
  readonly number: number;
  readonly name: string;
}

const registry = new FinalizationRegistry(({ queue, number, name }: Forgotten) => {
  if (queue.isClosed) return;
  queue.driver.report(`${name} was forgotten, open, and is closed now: close what you open, or say \`await using\``);
  queue.submit(closeFileCommand(number), () => {});
});

/** Closes once, and only when nothing uses the descriptor: its number may be another file's then. */
export class OpenDescriptor {
  /** Its number in the process. */
  readonly number: number;
  /** What it is of, for errors: `the file "a"`. */
  readonly name: string;
  readonly #queue: OperationQueue;
  readonly #closedCode: string;
  #users = 0;
  #onUnused: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  /** `closedCode` is the code of errors from then on. */
  constructor(queue: OperationQueue, number: number, name: string, closedCode: string) {
    this.#queue = queue;
    this.number = number;
    this.name = name;
    this.#closedCode = closedCode;
    registry.register(this, { queue, number, name }, this);
  }

  /** Was {@linkcode close} called? */
  get isClosed(): boolean {
    return this.#closing !== null;
  }

  /** Do something with it. Closing waits for that. */
  async use<Result>(operation: string, body: () => Promise<Result>): Promise<Result> {
    if (this.isClosed) throw this.closedError(operation);
    this.#users++;
    try {
      return await body();
    } finally {
      this.#users--;
      if (this.#users === 0) this.#onUnused?.();
    }
  }

  /** What is said about the use of one that is closed. */
  closedError(operation: string): Error {
    return operationError(this.#closedCode, operation, `Cannot ${operation} ${this.name}: it is closed`);
  }

  /** Close it when nothing uses it any more. The same promise each time. */
  close(): Promise<void> {
    if (this.#closing === null) {
      registry.unregister(this);
      this.#closing = this.#close();
    }
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#onUnused = resolve;
      });
    }
    // The ring closes what it owns.
    if (this.#queue.isClosed) return;
    const result = await this.#queue.run(closeFileCommand(this.number));
    if (this.#queue.isClosed && result === -ECANCELED) return;
    this.#queue.check(result, undefined, "close", this.name);
  }
}
