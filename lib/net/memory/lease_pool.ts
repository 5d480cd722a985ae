/**
 * Leases that are counted: who has not released what, and who released twice.
 *
 * @module
 */
import { Lease, type LeaseOwner, RELEASED } from "../../ring/lease.ts";

/** What memory is filled with once nobody has a lease of it: who still reads it reads nonsense. */
const POISON = 0xdd;

/** The leases of one driver. */
export class MemoryLeasePool implements LeaseOwner {
  /** For whom, of each lease that is not released yet. */
  readonly #origins = new Map<Lease, string>();
  /** How many leases share each buffer. */
  readonly #references = new Map<number, number>();
  /** For whom, of each lease that was released. */
  readonly #released = new WeakMap<Lease, string>();
  readonly #onBufferReturned: () => void;
  readonly #doubleReleases: string[] = [];
  #nextBuffer = 0;
  #bytesInUse = 0;

  /** A pool whose owner is told when a buffer returned. */
  constructor(onBufferReturned: () => void) {
    this.#onBufferReturned = onBufferReturned;
  }

  /** Buffers of which there are leases. */
  get buffersInUse(): number {
    return this.#references.size;
  }

  /** The bytes of these buffers. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  /** A description of each lease that is not released yet. */
  get unreleased(): string[] {
    return Array.from(this.#origins, ([lease, origin]) => `${lease.length} bytes of ${origin}`);
  }

  /** A description of each lease that was released again. */
  get doubleReleases(): readonly string[] {
    return this.#doubleReleases;
  }

  /** A lease of bytes that nothing else refers to. `origin` is for the report of a leak. */
  lease(bytes: Uint8Array, origin: string): Lease {
    const buffer = this.#nextBuffer++;
    this.#references.set(buffer, 1);
    this.#bytesInUse += bytes.length;
    return this.#add(new Lease(this, bytes, 0, bytes.length, buffer), origin);
  }

  share(lease: Lease, offset: number, length: number): Lease {
    assertHeld(lease);
    const { buffer, memory } = lease;
    this.#references.set(buffer, (this.#references.get(buffer) ?? 0) + 1);
    return this.#add(new Lease(this, memory, offset, length, buffer), this.#origins.get(lease) ?? "");
  }

  release(lease: Lease): void {
    if (lease.buffer === RELEASED) {
      this.#doubleReleases.push(`${lease.length} bytes of ${this.#released.get(lease)}`);
      throw new TypeError("Cannot release a lease twice");
    }
    const { buffer } = lease;
    lease.buffer = RELEASED;
    this.#released.set(lease, this.#origins.get(lease) ?? "");
    this.#origins.delete(lease);
    const references = (this.#references.get(buffer) ?? 0) - 1;
    if (references > 0) {
      this.#references.set(buffer, references);
      return;
    }
    this.#references.delete(buffer);
    this.#bytesInUse -= lease.memory.length;
    lease.memory.fill(POISON);
    this.#onBufferReturned();
  }

  #add(lease: Lease, origin: string): Lease {
    this.#origins.set(lease, origin);
    return lease;
  }
}

/** Whoever writes or splits a lease must have it. */
export function assertHeld(lease: Lease): void {
  if (lease.buffer === RELEASED) throw new TypeError("Cannot use a lease that was released");
}
