/**
 * Operations of io_uring besides those of connections: timeouts, polls, files, datagrams.
 *
 * @module
 */
import { ETIME } from "../../ffi/abi.ts";
import { UringDriver } from "../net/uring/driver.ts";
import { delayCommand, pollCommand } from "./commands.ts";
import { type DatagramSocket, type DatagramSocketOptions, openDatagram } from "./datagram_socket.ts";
import { operationError } from "./errors.ts";
import type { OperationBuffer } from "./operation_memory.ts";
import { type BufferedCommand, type OnComplete, OperationQueue, type SubmittedOperation } from "./operation_queue.ts";
import { completeOptions, type OperationsOptions } from "./options.ts";
import { type PollEvents, type PollRequest, pollEventsOf } from "./poll_events.ts";
import { type OpenFileOptions, openRingFile, type RingFile, type WaitOptions } from "./ring_file.ts";

/**
 * The operations of one thread, on the ring that its sockets use too. Made by {@linkcode operationsOn}; they end with
 * their driver, which cancels what is in flight when it closes.
 */
export class Operations {
  readonly #queue: OperationQueue;

  /** @internal */
  constructor(queue: OperationQueue) {
    this.#queue = queue;
  }

  /** Operations that are in flight. As long as there are any, the driver is in use, and its process stays alive. */
  get inFlight(): number {
    return this.#queue.inFlight;
  }

  /**
   * Wait for `delayMs` (0 to 4,294,967,295,000, also fractions), by a timer of the kernel's, which is more exact than
   * the runtime's.
   *
   * @throws {RingwayError} `ERR_OPERATION_ARGUMENT`, `ERR_OPERATION_LIMIT`, `ERR_DRIVER_CLOSED`, or the signal's reason
   */
  async timeout(delayMs: number, { signal }: WaitOptions = {}): Promise<void> {
    const result = await this.#queue.run(delayCommand(delayMs), signal);
    this.#queue.check(result === -ETIME ? 0 : result, signal, "wait for", "a timeout");
  }

  /**
   * Wait until a descriptor, any of this process, is ready (poll(2)).
   *
   * @example
   * ```ts
   * const { readable } = await operations.poll(0, { readable: true });   // standard input
   * ```
   *
   * @throws {RingwayError} as {@linkcode timeout}, and an OperationError `EBADF` for a descriptor that is not open
   */
  async poll(descriptor: number, events: PollRequest, { signal }: WaitOptions = {}): Promise<PollEvents> {
    const result = await this.#queue.run(pollCommand(descriptor, events), signal);
    return pollEventsOf(this.#queue.check(result, signal, "poll", `descriptor ${descriptor}`));
  }

  /**
   * Open a file. Whoever may load the shim may open what the process may: the runtime's own permissions are not asked.
   *
   * @throws {RingwayError} an OperationError such as `ENOENT`, or as {@linkcode timeout}
   */
  async openFile(path: string, options: OpenFileOptions = {}): Promise<RingFile> {
    return await openRingFile(this.#queue, path, options);
  }

  /**
   * Open a UDP socket.
   *
   * @throws {RingwayError} a SocketError such as `EADDRINUSE`, or `ERR_DRIVER_CLOSED`
   */
  async openDatagramSocket(options: DatagramSocketOptions = {}): Promise<DatagramSocket> {
    return openDatagram(this.#queue, options);
  }

  /**
   * Submit a command, made by one of the functions of `commands.ts` or word for word. `onComplete` is called once,
   * from within a later turn of the loop, never from within this call.
   *
   * @example
   * ```ts
   * const buffer = await operations.takeBuffer();
   * operations.submit(readFileCommand(file.descriptor, buffer, 100, 0), (result) => {
   *   if (result > 0) console.log(buffer.bytes.subarray(0, result));
   *   buffer.release();
   * });
   * ```
   *
   * @throws {RingwayError} `ERR_OPERATION_LIMIT`, `ERR_BUFFER_RELEASED` or `ERR_DRIVER_CLOSED`
   */
  submit(command: BufferedCommand, onComplete: OnComplete): SubmittedOperation {
    return this.#queue.submit(command, onComplete);
  }

  /** A buffer for a command, or `null` when all are in use. */
  tryTakeBuffer(): OperationBuffer | null {
    return this.#queue.memory.tryTake();
  }

  /** A buffer for a command, as soon as there is one. Release it, or others wait for it. */
  takeBuffer({ signal }: WaitOptions = {}): Promise<OperationBuffer> {
    return this.#queue.takeBuffer(signal);
  }
}

/** A thread's driver: that of its `Sockets`, or one of one's own. */
export interface DriverLike {
  /** Only `"uring"` has operations. */
  readonly name: string;
}

const known = new WeakMap<DriverLike, Operations>();

/**
 * The operations of a thread's ring: give it the thread's `Sockets`, or their driver. A driver has one; the options
 * count when it is asked for first.
 *
 * @example
 * ```ts
 * const sockets = await openSockets({ socketInterface: "uring" });
 * const operations = operationsOn(sockets);
 * await operations.timeout(20);
 * ```
 *
 * @throws {RingwayError} `ERR_OPERATIONS_UNAVAILABLE` where the driver does not use io_uring; `ERR_OPERATION_ARGUMENT`
 */
export function operationsOn(
  owner: DriverLike | { readonly driver: DriverLike },
  options: Partial<OperationsOptions> = {},
): Operations {
  const driver = "driver" in owner ? owner.driver : owner;
  if (!(driver instanceof UringDriver)) throw unavailable(driver);
  let operations = known.get(driver);
  if (operations === undefined) {
    const queue = new OperationQueue(driver, completeOptions(options));
    driver.operationOwner = queue;
    operations = new Operations(queue);
    known.set(driver, operations);
  }
  return operations;
}

function unavailable({ name }: DriverLike): Error {
  const cure =
    name === "uring"
      ? "this one is of another copy of the package: import sockets and operations from the same"
      : `this thread's driver is "${name}". Ask for the socket interface "uring" to be told why it is not used, or ` +
        "use node:fs, node:dgram and node:timers, which do without";
  const message = `Operations need a driver of ringway's on io_uring, and ${cure}`;
  return operationError("ERR_OPERATIONS_UNAVAILABLE", "operationsOn", message);
}
