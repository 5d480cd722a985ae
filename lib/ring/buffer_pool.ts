/**
 * The ring's buffers: which the kernel has, which are leased, which rest.
 *
 * Few buffers circulate at first, as bytes that stay in the processor's cache are cheaper; when the
 * kernel runs out of them, more join, up to the configured number, and they retire when it is quiet.
 *
 * @module
 */
import { GROUP_BULK, GROUP_SMALL, GROUP_WRITE, INFO_BULK_OFFSET, INFO_WRITE_OFFSET } from "../../ffi/abi.ts";
import { Lease, type LeaseOwner, RELEASED } from "./lease.ts";
import type { RingOptions } from "./options.ts";
import type { Ring } from "./ring.ts";

/** How many buffers of a group circulate at first. */
const INITIAL_COUNT: readonly number[] = [64, 2, 0];
/** Lease objects that are kept for reuse. */
const SPARE_LEASES = 1024;

/** One group of equal buffers. */
class BufferGroup {
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
  readonly offset: number;
  readonly initial: number;
  /** Buffers not in circulation; the one used last is on top, as its memory is most likely still there. */
  readonly resting: number[] = [];
  /** Buffers in circulation: with the kernel or leased. */
  circulating = 0;
  /** Leased buffers, and the most of them since the last look. */
  leased = 0;
  leasedPeak = 0;
  /** Did more buffers join in this turn? */
  hasGrown = false;

  constructor(first: number, count: number, bytes: number, offset: number, initial: number) {
    this.first = first;
    this.count = count;
    this.bytes = bytes;
    this.offset = offset;
    this.initial = Math.min(initial, count);
    for (let buffer = first + count - 1; buffer >= first; buffer--) this.resting.push(buffer);
  }
}

/** Told when buffers return after the kernel ran out of them. */
export interface BufferWaiter {
  /** Buffers of a group were provided again. */
  onBuffersAvailable(group: number): void;
}

/** All buffers of a ring, and the leases of them. */
export class BufferPool implements LeaseOwner {
  readonly #ring: Ring;
  readonly #memory: Uint8Array;
  readonly #small: BufferGroup;
  readonly #bulk: BufferGroup;
  readonly #write: BufferGroup;
  /** How many leases share each buffer. */
  readonly #references: Uint16Array;
  #spare: Lease | null = null;
  #spareCount = 0;
  /** Groups whose buffers somebody waits for, as bits. */
  #awaited = 0;
  #grown = false;
  readonly #waiter: BufferWaiter;

  /** The pool of a ring that was opened with these options. */
  constructor(ring: Ring, options: RingOptions, waiter: BufferWaiter) {
    const { smallBuffers: small, bulkBuffers: bulk, writeBuffers: write } = options;
    this.#ring = ring;
    this.#memory = ring.arena;
    this.#waiter = waiter;
    this.#references = new Uint16Array(small.count + bulk.count + write.count);
    const initial = INITIAL_COUNT;
    this.#small = new BufferGroup(0, small.count, small.bytes, 0, initial[GROUP_SMALL] ?? 0);
    this.#bulk = new BufferGroup(
      small.count,
      bulk.count,
      bulk.bytes,
      ring.info(INFO_BULK_OFFSET),
      initial[GROUP_BULK] ?? 0,
    );
    const writeOffset = ring.info(INFO_WRITE_OFFSET);
    this.#write = new BufferGroup(
      small.count + bulk.count,
      write.count,
      write.bytes,
      writeOffset,
      initial[GROUP_WRITE] ?? 0,
    );
    this.#circulate(this.#small, this.#small.initial);
    this.#circulate(this.#bulk, this.#bulk.initial);
  }

  /** Bytes of one small buffer. */
  get smallBytes(): number {
    return this.#small.bytes;
  }

  /** Bytes of one write buffer. */
  get writeBytes(): number {
    return this.#write.bytes;
  }

  /** Has the ring bulk buffers? */
  get hasBulk(): boolean {
    return this.#bulk.count > 0;
  }

  /** A lease for `length` bytes that the kernel put at the start of a buffer. */
  received(buffer: number, length: number): Lease {
    const group = buffer < this.#bulk.first ? this.#small : this.#bulk;
    group.leased++;
    if (group.leased > group.leasedPeak) group.leasedPeak = group.leased;
    this.#references[buffer] = 1;
    return this.#lease(buffer, group.offset + (buffer - group.first) * group.bytes, length);
  }

  /** An empty buffer to write into, as a lease of its whole length; `null` when all are in use. */
  writable(): Lease | null {
    const group = this.#write;
    const buffer = group.resting.pop();
    if (buffer === undefined) return null;
    group.leased++;
    this.#references[buffer] = 1;
    return this.#lease(buffer, group.offset + (buffer - group.first) * group.bytes, group.bytes);
  }

  /** Buffers of a group that nobody leases now: with the kernel, or free to write into. */
  available(groupNumber: number): number {
    if (groupNumber === GROUP_WRITE) return this.#write.resting.length;
    const group = groupNumber === GROUP_SMALL ? this.#small : this.#bulk;
    return group.circulating - group.leased;
  }

  /** Does a lease point into this pool's arena, so that it can be sent as it is? */
  owns(lease: Lease): boolean {
    return lease.memory === this.#memory;
  }

  /** Is a lease of this pool one of a bulk buffer? */
  isBulk(lease: Lease): boolean {
    return this.owns(lease) && lease.buffer >= this.#bulk.first && lease.buffer < this.#write.first;
  }

  /** Bulk buffers in all. */
  get bulkCount(): number {
    return this.#bulk.count;
  }

  share(lease: Lease, offset: number, length: number): Lease {
    this.#references[lease.buffer] = (this.#references[lease.buffer] as number) + 1;
    return this.#lease(lease.buffer, offset, length);
  }

  release(lease: Lease): void {
    const buffer = lease.buffer;
    if (buffer < 0) throw new TypeError("Cannot release a lease twice");
    lease.buffer = RELEASED;
    if (this.#spareCount < SPARE_LEASES) {
      lease.next = this.#spare;
      this.#spare = lease;
      this.#spareCount++;
    }
    const references = (this.#references[buffer] as number) - 1;
    this.#references[buffer] = references;
    if (references === 0) this.#return(buffer);
  }

  /**
   * The kernel found no buffer in a group. True if more were provided now; if not, the waiter is
   * called once some have been released.
   */
  replenish(groupNumber: number): boolean {
    const group = groupNumber === GROUP_SMALL ? this.#small : this.#bulk;
    // Once per turn: many receives fail together, and the buffers leased by then come back together too. Not at all if
    // some have come back by now: the kernel gets them with the next turn's commands.
    if (!group.hasGrown && group.circulating <= group.leased) {
      group.hasGrown = true;
      this.#grown = true;
      // The kernel uses a group's buffers in turn, so that all that circulate are soon in memory.
      this.#circulate(group, Math.ceil(group.circulating / 2));
    }
    if (group.circulating > group.leased) return true;
    this.await(groupNumber);
    return false;
  }

  /** To be called at the end of each turn. */
  endTurn(): void {
    if (!this.#grown) return;
    this.#grown = false;
    this.#small.hasGrown = false;
    this.#bulk.hasGrown = false;
  }

  /** Have the waiter called when a buffer of this group is released. */
  await(groupNumber: number): void {
    this.#awaited |= 1 << groupNumber;
  }

  /** To be called now and then: buffers that were not needed lately leave, and their memory goes back. */
  shrink(): void {
    this.#shrinkGroup(this.#small, GROUP_SMALL);
    this.#shrinkGroup(this.#bulk, GROUP_BULK);
  }

  /** Are more buffers in circulation than at first? */
  get isGrown(): boolean {
    return this.#small.circulating > this.#small.initial || this.#bulk.circulating > this.#bulk.initial;
  }

  /** Buffers in circulation and leased, per group, for statistics and tests. */
  usage(): { group: string; count: number; circulating: number; leased: number }[] {
    return [
      { group: "small", count: this.#small.count, circulating: this.#small.circulating, leased: this.#small.leased },
      { group: "bulk", count: this.#bulk.count, circulating: this.#bulk.circulating, leased: this.#bulk.leased },
      { group: "write", count: this.#write.count, circulating: this.#write.leased, leased: this.#write.leased },
    ];
  }

  #lease(buffer: number, offset: number, length: number): Lease {
    const lease = this.#spare;
    if (lease === null) return new Lease(this, this.#memory, offset, length, buffer);
    this.#spare = lease.next;
    this.#spareCount--;
    lease.next = null;
    lease.offset = offset;
    lease.length = length;
    lease.buffer = buffer;
    return lease;
  }

  #return(buffer: number): void {
    if (buffer >= this.#write.first) {
      this.#write.leased--;
      this.#write.resting.push(buffer);
      if (this.#awaited & (1 << GROUP_WRITE)) this.#announce(GROUP_WRITE);
      return;
    }
    const groupNumber = buffer < this.#bulk.first ? GROUP_SMALL : GROUP_BULK;
    const group = groupNumber === GROUP_SMALL ? this.#small : this.#bulk;
    group.leased--;
    this.#ring.provide(buffer);
    if (this.#awaited & (1 << groupNumber)) this.#announce(groupNumber);
  }

  #announce(group: number): void {
    this.#awaited &= ~(1 << group);
    this.#waiter.onBuffersAvailable(group);
  }

  #circulate(group: BufferGroup, count: number): number {
    let added = 0;
    while (added < count) {
      const buffer = group.resting.pop();
      if (buffer === undefined) break;
      this.#ring.provide(buffer);
      added++;
    }
    group.circulating += added;
    return added;
  }

  #shrinkGroup(group: BufferGroup, groupNumber: number): void {
    const needed = Math.max(group.initial, Math.ceil(1.25 * group.leasedPeak));
    group.leasedPeak = group.leased;
    if (group.circulating <= needed) return;
    const takenBack = new Int32Array(group.circulating - needed);
    const count = this.#ring.withdrawBuffers(groupNumber, takenBack);
    for (let i = 0; i < count; i++) group.resting.push(takenBack[i] as number);
    group.circulating -= count;
  }
}
