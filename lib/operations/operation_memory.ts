/**
 * The memory that operations read into and write from: equal buffers, each of one operation at a time.
 *
 * The kernel must never write to memory that has another use by then, so a buffer returns only when every operation on
 * it has completed, however early it was released.
 *
 * @module
 */
import * as abi from "../../ffi/abi.ts";
import type { Ring } from "../ring/ring.ts";
import type { Continuations } from "./continuations.ts";
import { operationError } from "./errors.ts";
import type { OperationsOptions } from "./options.ts";

/** Addresses stand behind the buffers, each of 112 bytes in 128. */
const ADDRESS_STRIDE = 128;

/** A buffer for one operation. Its bytes are anybody else's once it is released. */
export class OperationBuffer {
  /** Its bytes, which the kernel reads and writes in place. */
  readonly bytes: Uint8Array;
  /** @internal The socket address that goes with the bytes, as a struct sockaddr. */
  readonly address: Uint8Array;
  /** @internal Where the bytes and the address are in the memory of operations. */
  readonly offset: number;
  /** @internal */
  readonly addressOffset: number;
  #onReturn: (() => void) | null;
  #users = 0;
  #isReleased = false;

  /** @internal */
  constructor(bytes: Uint8Array, address: Uint8Array, memoryStart: number, onReturn: () => void) {
    this.bytes = bytes;
    this.address = address;
    this.offset = bytes.byteOffset - memoryStart;
    this.addressOffset = address.byteOffset - memoryStart;
    this.#onReturn = onReturn;
  }

  /** Give it back. It is used again once no operation is in flight on it. Throws a RingwayError the second time. */
  release(): void {
    if (this.#isReleased) throw releasedError("release a buffer");
    this.#isReleased = true;
    this.#returnIfUnused();
  }

  /** @internal Is an operation on it in flight? */
  get isInUse(): boolean {
    return this.#users > 0;
  }

  /** @internal An operation on it begins. */
  beginUse(): void {
    if (this.#isReleased) throw releasedError("submit");
    this.#users++;
  }

  /** @internal An operation on it has completed. */
  endUse(): void {
    this.#users--;
    this.#returnIfUnused();
  }

  #returnIfUnused(): void {
    if (!this.#isReleased || this.#users > 0) return;
    const onReturn = this.#onReturn;
    this.#onReturn = null;
    onReturn?.();
  }
}

function releasedError(operation: string): Error {
  return operationError("ERR_BUFFER_RELEASED", operation, "The buffer was released already: take another one");
}

/** Somebody who waits for a buffer. */
interface Waiter {
  readonly resolve: (buffer: OperationBuffer) => void;
  readonly reject: (reason: unknown) => void;
}

/** All buffers of one ring's operations. */
export class OperationMemory {
  readonly #memory: Uint8Array;
  readonly #options: OperationsOptions;
  readonly #continuations: Continuations;
  readonly #free: number[] = [];
  readonly #waiters: Set<Waiter> = new Set();
  #closedBy: Error | null = null;

  /** Opens the memory in the ring, which has no other. Throws a RingError. */
  constructor(ring: Ring, options: OperationsOptions, continuations: Continuations) {
    this.#options = options;
    this.#continuations = continuations;
    this.#memory = ring.openOperations(options.buffers * (options.bufferBytes + ADDRESS_STRIDE));
    // The one used last is on top, as its memory is most likely still there.
    for (let index = options.buffers - 1; index >= 0; index--) this.#free.push(index);
  }

  /** How many wait for a buffer. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** A buffer, or `null` when none is free. */
  tryTake(): OperationBuffer | null {
    const index = this.#free.pop();
    return index === undefined ? null : this.#buffer(index);
  }

  /** A buffer, as soon as one is free and everybody who came before has one. */
  take(signal?: AbortSignal): Promise<OperationBuffer> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closedBy !== null) throw this.#closedBy;
      const buffer = this.tryTake();
      if (buffer !== null) {
        resolve(buffer);
        return;
      }
      const settle = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", onAbort);
        this.#continuations.announce();
      };
      const waiter: Waiter = {
        resolve(taken) {
          settle();
          resolve(taken);
        },
        reject(reason) {
          settle();
          reject(reason);
        },
      };
      const onAbort = (): void => waiter.reject(signal?.reason);
      signal?.addEventListener("abort", onAbort);
      this.#waiters.add(waiter);
    });
  }

  /** Nobody gets a buffer any more. */
  close(reason: Error): void {
    this.#closedBy = reason;
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
  }

  #buffer(index: number): OperationBuffer {
    const { buffers, bufferBytes } = this.#options;
    const start = index * bufferBytes;
    const addressStart = buffers * bufferBytes + index * ADDRESS_STRIDE;
    return new OperationBuffer(
      this.#memory.subarray(start, start + bufferBytes),
      this.#memory.subarray(addressStart, addressStart + abi.ADDRESS_BYTES),
      this.#memory.byteOffset,
      () => this.#return(index),
    );
  }

  #return(index: number): void {
    const [waiter] = this.#waiters;
    if (waiter === undefined) this.#free.push(index);
    else waiter.resolve(this.#buffer(index));
  }
}
