/**
 * Bytes that move from one owner to the next without being copied.
 *
 * @module
 */

/** Takes back the memory of leases. */
export interface LeaseOwner {
  /** The last part of a buffer was released. */
  release(lease: Lease): void;
  /** A second lease for a part of the same buffer. */
  share(lease: Lease, offset: number, length: number): Lease;
}

/**
 * A piece of a buffer, and the right to use it. Whoever holds it either passes it on (to a
 * connection's `write`, to a queue) or releases it, exactly once.
 *
 * @example
 * ```ts
 * function onData(connection: Connection, lease: Lease): void {
 *   console.log(new TextDecoder().decode(lease.bytes()));
 *   lease.release();
 * }
 * ```
 */
export class Lease {
  /** The memory that the piece is in. */
  memory: Uint8Array;
  /** Where the piece starts, in bytes. */
  offset: number;
  /** How long it is, in bytes. */
  length: number;
  /** @internal The number of the buffer, or -1 for memory that no pool owns. */
  buffer: number;
  /** @internal The next lease in a queue or in the list of unused ones. */
  next: Lease | null = null;
  readonly #owner: LeaseOwner;

  /** @internal */
  constructor(owner: LeaseOwner, memory: Uint8Array, offset: number, length: number, buffer: number) {
    this.#owner = owner;
    this.memory = memory;
    this.offset = offset;
    this.length = length;
    this.buffer = buffer;
  }

  /** A view of the bytes, good until the lease is passed on or released. */
  bytes(): Uint8Array {
    return this.memory.subarray(this.offset, this.offset + this.length);
  }

  /** Split off the bytes from `at` (1 to length - 1) on; this lease keeps those before. */
  split(at: number): Lease {
    if (!(at > 0 && at < this.length)) throw new RangeError(`Cannot split ${this.length} bytes at ${at}`);
    const rest = this.#owner.share(this, this.offset + at, this.length - at);
    this.length = at;
    return rest;
  }

  /** A second lease for the same bytes. */
  share(): Lease {
    return this.#owner.share(this, this.offset, this.length);
  }

  /** Give the memory back. */
  release(): void {
    this.#owner.release(this);
  }
}

/** Leases of memory that belongs to nobody: the garbage collector takes it back. */
class UnpooledOwner implements LeaseOwner {
  release(lease: Lease): void {
    if (lease.buffer === RELEASED) throw new TypeError("Cannot release a lease twice");
    lease.buffer = RELEASED;
  }

  share(lease: Lease, offset: number, length: number): Lease {
    return new Lease(this, lease.memory, offset, length, UNPOOLED);
  }
}

/** @internal The buffer number of a lease whose memory no pool owns. */
export const UNPOOLED = -1;
/** @internal The buffer number of a lease that was released. */
export const RELEASED = -2;

const unpooled = new UnpooledOwner();

/** A lease of bytes of one's own. They must not change until it is released. */
export function leaseBytes(bytes: Uint8Array): Lease {
  return new Lease(unpooled, bytes, 0, bytes.length, UNPOOLED);
}

/** The bytes of a lease in memory of their own; the lease is released. */
export function takeBytes(lease: Lease): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lease.length);
  bytes.set(lease.bytes());
  lease.release();
  return bytes;
}

/**
 * A lease of a copy of the same bytes, in memory of its own; the given one is released. For bytes that are kept
 * for long: a pool's buffers are few, and everybody shares them.
 */
export function detachLease(lease: Lease): Lease {
  if (lease.buffer === UNPOOLED) return lease;
  return leaseBytes(takeBytes(lease));
}

/** A lease without its first `count` bytes (0 to its length); it is released, and `null`, if nothing is left. */
export function dropFront(lease: Lease, count: number): Lease | null {
  if (count === lease.length) {
    lease.release();
    return null;
  }
  lease.offset += count;
  lease.length -= count;
  return lease;
}

/** Leases in the order in which they arrived. */
export class LeaseQueue {
  /** The first lease. */
  head: Lease | null = null;
  /** All bytes in the queue. */
  bytes = 0;
  #tail: Lease | null = null;

  /** Put a lease at the end. */
  push(lease: Lease): void {
    lease.next = null;
    if (this.#tail === null) this.head = lease;
    else this.#tail.next = lease;
    this.#tail = lease;
    this.bytes += lease.length;
  }

  /** Put a lease in front of all others. */
  unshift(lease: Lease): void {
    lease.next = this.head;
    this.head = lease;
    if (this.#tail === null) this.#tail = lease;
    this.bytes += lease.length;
  }

  /** Take the first lease, or `null`. */
  shift(): Lease | null {
    const lease = this.head;
    if (lease === null) return null;
    this.head = lease.next;
    if (this.head === null) this.#tail = null;
    lease.next = null;
    this.bytes -= lease.length;
    return lease;
  }

  /** Take `count` bytes (0 to `bytes`) from the front and release what they were in. */
  drop(count: number): void {
    let left = count;
    while (left > 0) {
      const lease = this.head as Lease;
      if (left < lease.length) {
        lease.offset += left;
        lease.length -= left;
        this.bytes -= left;
        return;
      }
      left -= lease.length;
      (this.shift() as Lease).release();
    }
  }

  /** Release everything. */
  clear(): void {
    for (let lease = this.shift(); lease !== null; lease = this.shift()) lease.release();
  }
}
