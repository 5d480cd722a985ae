/**
 * The operations of one thread that are in flight: each has a slot, by which its completion finds it.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import type { RingwayError } from "../../ffi/errors.ts";
import type { UringDriver } from "../net/uring/driver.ts";
import type { OperationOwner } from "../net/uring/operation_owner.ts";
import type { OperationCommand } from "../ring/operation_command.ts";
import { Continuations } from "./continuations.ts";
import { OperationError, operationError } from "./errors.ts";
import { type OperationBuffer, OperationMemory } from "./operation_memory.ts";
import type { OperationsOptions } from "./options.ts";

/** A command, and the memory that it names. */
export interface BufferedCommand extends OperationCommand {
  /** Stays the operation's until it has completed. */
  readonly buffer?: OperationBuffer;
}

/** Told of an operation's end, once: 0 or a count, or a negative errno such as -125, ECANCELED. */
export type OnComplete = (result: number) => void;

/** An operation that was submitted. */
export interface SubmittedOperation {
  /**
   * Have the kernel end it, which it does at once for what waits, and not at all for what it is just doing. It
   * completes in any case, mostly with -ECANCELED. Nothing happens if it has completed.
   */
  cancel(): void;
}

class Pending implements SubmittedOperation {
  readonly command: BufferedCommand;
  readonly slot: number;
  readonly generation: number;
  readonly onComplete: OnComplete;
  readonly #driver: UringDriver;
  isComplete = false;

  constructor(driver: UringDriver, command: BufferedCommand, slot: number, generation: number, onComplete: OnComplete) {
    this.#driver = driver;
    this.command = command;
    this.slot = slot;
    this.generation = generation;
    this.onComplete = onComplete;
  }

  cancel(): void {
    if (this.isComplete) return;
    this.#driver.ring.cancel(this.command.operation, this.slot, this.generation);
    this.#driver.wakeLoop();
  }
}

/** See the module. */
export class OperationQueue implements OperationOwner {
  /** @internal */
  readonly driver: UringDriver;
  readonly #options: OperationsOptions;
  readonly #continuations: Continuations;
  #memory: OperationMemory | null = null;
  readonly #pending: (Pending | null)[] = [];
  readonly #generations: number[] = [];
  readonly #freeSlots: number[] = [];
  #inFlight = 0;
  #isClosed = false;

  /** The only one of its driver. */
  constructor(driver: UringDriver, options: OperationsOptions) {
    this.driver = driver;
    this.#options = options;
    this.#continuations = new Continuations(driver);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Is the driver closed, or closing? */
  get isClosed(): boolean {
    return this.#isClosed || this.driver.isClosed;
  }

  /** The buffers. There are none until somebody asks for one. */
  get memory(): OperationMemory {
    this.throwIfClosed("take a buffer");
    this.#memory ??= new OperationMemory(this.driver.ring, this.#options, this.#continuations);
    return this.#memory;
  }

  /** Wait for a buffer, as one of the operations that there may be. */
  async takeBuffer(signal?: AbortSignal): Promise<OperationBuffer> {
    const { memory } = this;
    this.#throwIfFull("take a buffer");
    return await memory.take(signal);
  }

  /** Begin an operation. Throws a RingwayError when there are too many, or the driver is closed. */
  submit(command: BufferedCommand, onComplete: OnComplete): SubmittedOperation {
    this.throwIfClosed("submit");
    // Closing is what makes room, and who has a buffer was counted when it was taken.
    const isAdmitted = command.operation === abi.OPERATION_CLOSE_FILE || command.buffer?.isInUse === false;
    if (!isAdmitted) this.#throwIfFull("submit");
    const slot = this.#freeSlots.at(-1) ?? this.#pending.length;
    const generation = ((this.#generations[slot] ?? 0) + 1) & GENERATION_MASK;
    command.buffer?.beginUse();
    try {
      this.driver.ring.queueOperation(command, slot, generation);
    } catch (error) {
      command.buffer?.endUse();
      throw error;
    }
    this.#freeSlots.pop();
    this.#generations[slot] = generation;
    const pending = new Pending(this.driver, command, slot, generation, onComplete);
    this.#pending[slot] = pending;
    this.#inFlight++;
    this.driver.wakeLoop();
    return pending;
  }

  /**
   * Submit an operation and wait for its end. Its result is for {@linkcode check}; rejects only if it could not be
   * submitted. An abort cancels it.
   */
  async run(command: BufferedCommand, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    return await new Promise((resolve) => {
      const operation = this.submit(command, (result) => {
        signal?.removeEventListener("abort", onAbort);
        this.#continuations.announce();
        resolve(result);
      });
      const onAbort = (): void => operation.cancel();
      signal?.addEventListener("abort", onAbort);
    });
  }

  /**
   * The result of {@linkcode run} if it is none of failure. Throws the signal's reason if it was aborted, or an
   * OperationError that says what could not be done to what.
   */
  check(result: number, signal: AbortSignal | undefined, operation: string, name: string): number {
    signal?.throwIfAborted();
    if (result >= 0) return result;
    // It was cancelled because the driver closes.
    if (this.isClosed) throw closedError(operation, `Cannot ${operation} ${name}: the driver is closed`);
    throw new OperationError(result, operation, name);
  }

  complete(slot: number, generation: number, result: number): boolean {
    const pending = this.#pending[slot];
    if (pending === null || pending === undefined || pending.generation !== generation) return false;
    this.#end(pending, result);
    return true;
  }

  #end(pending: Pending, result: number): void {
    this.#pending[pending.slot] = null;
    this.#freeSlots.push(pending.slot);
    this.#inFlight--;
    pending.isComplete = true;
    try {
      pending.onComplete(result);
    } finally {
      pending.command.buffer?.endUse();
    }
  }

  cancelAll(): void {
    this.#isClosed = true;
    for (const pending of this.#pending) pending?.cancel();
    this.#memory?.close(closedError("take a buffer"));
  }

  abandon(): void {
    this.#isClosed = true;
    for (const pending of this.#pending) if (pending) this.#end(pending, -abi.ECANCELED);
  }

  /** Throws if the driver is closed, or closing. */
  throwIfClosed(operation: string): void {
    if (this.isClosed) throw closedError(operation);
  }

  #throwIfFull(operation: string): void {
    const { maximumInFlight } = this.#options;
    if (this.#inFlight + (this.#memory?.waiting ?? 0) < maximumInFlight) return;
    throw operationError(
      "ERR_OPERATION_LIMIT",
      operation,
      `${maximumInFlight} operations are in flight already: wait for some of them, or raise maximumInFlight`,
    );
  }
}

const GENERATION_MASK = 0x7fffff;

function closedError(operation: string, message = "The driver is closed: no operation begins any more"): RingwayError {
  return operationError("ERR_DRIVER_CLOSED", operation, message);
}
