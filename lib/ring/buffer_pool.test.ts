import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../ffi/abi.ts";
import { BufferPool } from "./buffer_pool.ts";
import type { Lease } from "./lease.ts";
import { leaseBytes } from "./lease.ts";
import type { RingOptions } from "./options.ts";
import { SMALL_RING, TestRing } from "./test_ring.ts";

const SMALL = SMALL_RING.smallBuffers.bytes;

/** A pool on a real ring with a connection, to have the kernel take buffers. */
class PoolOnRing {
  readonly t: TestRing;
  readonly pool: BufferPool;
  /** Groups whose waiters were called. */
  readonly available: number[] = [];
  readonly #from: number;
  readonly #to: number;

  constructor(t: TestRing, options: RingOptions) {
    this.t = t;
    this.pool = new BufferPool(t.ring, options, { onBuffersAvailable: (group) => this.available.push(group) });
    [this.#from, this.#to] = t.pair();
  }

  static async open(options: Partial<RingOptions> = {}): Promise<PoolOnRing> {
    return new PoolOnRing(await TestRing.open(options), { ...SMALL_RING, ...options });
  }

  /** Have the kernel receive a text into a buffer of a group; the lease of it, or an errno. */
  receive(text: string, group: number = abi.GROUP_SMALL): Lease | number {
    const { ring } = this.t;
    const offset = ring.info(abi.INFO_WRITE_OFFSET);
    ring.send(this.#from, offset, this.t.put(offset, text), 1, 0);
    this.t.waitFor(1);
    return this.receiveAgain(group);
  }

  receiveAgain(group: number = abi.GROUP_SMALL): Lease | number {
    this.t.ring.receive(this.#to, group, 0, 2, 0);
    const { result, flags } = this.t.waitFor(2);
    return result < 0 ? result : this.pool.received(flags >>> abi.COMPLETION_FLAG_BUFFER_SHIFT, result);
  }

  /** Buffers of a group as a row: circulating, leased. */
  row(group: "small" | "bulk" | "write"): [circulating: number, leased: number] {
    const usage = this.pool.usage().find((row) => row.group === group);
    return [usage?.circulating ?? -1, usage?.leased ?? -1];
  }

  close(): void {
    this.t.ring.closeRing();
  }
}

function textOf(lease: Lease | number): string {
  assert.ok(typeof lease !== "number", `errno ${lease}`);
  return new TextDecoder().decode(lease.bytes());
}

test("received bytes are leased where the kernel put them, and the buffer goes back when released", async () => {
  const on = await PoolOnRing.open();
  assert.deepEqual(on.row("small"), [8, 0]);
  // More often than there are buffers.
  for (let i = 0; i < 30; i++) {
    const lease = on.receive(`message ${i}`);
    assert.equal(textOf(lease), `message ${i}`);
    assert.equal(on.pool.owns(lease as Lease), true);
    assert.deepEqual(on.row("small"), [8, 1]);
    (lease as Lease).release();
    assert.deepEqual(on.row("small"), [8, 0]);
  }
  on.close();
});

test("a split lease gives its buffer back with its last part", async () => {
  const on = await PoolOnRing.open();
  const lease = on.receive("one two three") as Lease;
  const rest = lease.split(4);
  const last = rest.split(4);
  lease.release();
  rest.release();
  assert.deepEqual(on.row("small"), [8, 1]);
  assert.equal(textOf(last), "three");
  last.release();
  assert.deepEqual(on.row("small"), [8, 0]);
  assert.throws(() => last.release(), TypeError);
  on.close();
});

test("buffers that are kept do not change while others are filled", async () => {
  const on = await PoolOnRing.open();
  const kept = Array.from({ length: 7 }, (_, i) => on.receive(`kept ${i}`));
  for (let i = 0; i < 10; i++) (on.receive(`other ${i}`) as Lease).release();
  assert.deepEqual(
    kept.map(textOf),
    Array.from({ length: 7 }, (_, i) => `kept ${i}`),
  );
  for (const lease of kept) (lease as Lease).release();
  on.close();
});

test("a waiter is called when a buffer returns after all were leased", async () => {
  const on = await PoolOnRing.open();
  const leases = Array.from({ length: 8 }, () => on.receive("x") as Lease);
  assert.equal(on.receive("y"), -abi.ENOBUFS);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), false);
  assert.deepEqual(on.available, []);
  leases.pop()?.release();
  assert.deepEqual(on.available, [abi.GROUP_SMALL]);
  const late = on.receiveAgain();
  assert.equal(textOf(late), "y");
  // Once: who still waits has to say so.
  leases.pop()?.release();
  assert.deepEqual(on.available, [abi.GROUP_SMALL]);
  for (const lease of [...leases, late as Lease]) lease.release();
  assert.deepEqual(on.row("small"), [8, 0]);
  on.close();
});

test("buffers join when the kernel runs out, at most half as many in a turn, and leave when it is quiet", async () => {
  const smallBuffers = { count: 200, bytes: SMALL };
  const on = await PoolOnRing.open({ smallBuffers, commandCapacity: 512 });
  assert.deepEqual(on.row("small"), [64, 0]);
  assert.equal(on.pool.isGrown, false);
  const leases: Lease[] = [];
  const receive = () => {
    for (let i = 0; ; i++) {
      const lease = on.receive("x");
      if (typeof lease === "number") return i;
      leases.push(lease);
    }
  };
  assert.equal(receive(), 64);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  assert.deepEqual(on.row("small"), [96, 64]);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  assert.deepEqual(on.row("small"), [96, 64]);
  on.pool.endTurn();
  // The kernel has some, or is about to: no more are needed.
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  assert.deepEqual(on.row("small"), [96, 64]);
  leases.push(on.receiveAgain() as Lease);
  assert.equal(receive(), 31);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  on.pool.endTurn();
  assert.deepEqual(on.row("small"), [144, 96]);
  leases.push(on.receiveAgain() as Lease);
  assert.equal(receive(), 47);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  on.pool.endTurn();
  assert.deepEqual(on.row("small"), [200, 144]);
  assert.equal(on.pool.isGrown, true);
  leases.push(on.receiveAgain() as Lease);
  assert.equal(receive(), 55);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), false);

  on.pool.endTurn();
  for (const lease of leases) lease.release();
  on.t.turn();
  // As many as were in use since the last look may be needed again.
  on.pool.shrink();
  assert.equal(on.row("small")[0], 200);
  on.pool.shrink();
  assert.deepEqual(on.row("small"), [64, 0]);
  assert.equal(on.pool.isGrown, false);

  // Those that left can join again, and no buffer is with the kernel twice.
  (on.receiveAgain() as Lease).release();
  const again: Lease[] = [];
  for (let i = 0; i < 64; i++) again.push(on.receive(`again ${i}`) as Lease);
  assert.equal(on.receive("z"), -abi.ENOBUFS);
  assert.equal(on.pool.replenish(abi.GROUP_SMALL), true);
  again.push(on.receiveAgain() as Lease);
  assert.deepEqual(again.map(textOf), [...Array.from({ length: 64 }, (_, i) => `again ${i}`), "z"]);
  assert.equal(new Set(again.map(({ offset }) => offset)).size, 65);
  for (const lease of again) lease.release();
  assert.equal(on.t.ring.counters().refused, 0);
  on.close();
});

test("bulk buffers are a group of their own", async () => {
  const on = await PoolOnRing.open();
  assert.equal(on.pool.hasBulk, true);
  const long = "bulk ".repeat(600);
  const one = on.receive(long, abi.GROUP_BULK);
  assert.equal(textOf(one), long);
  const two = on.receive(long, abi.GROUP_BULK);
  assert.deepEqual(on.row("bulk"), [2, 2]);
  assert.equal(on.receive("x", abi.GROUP_BULK), -abi.ENOBUFS);
  assert.equal(on.pool.replenish(abi.GROUP_BULK), false);
  const small = on.receiveAgain();
  assert.equal(textOf(small), "x");
  for (const lease of [one, two, small]) (lease as Lease).release();
  assert.deepEqual(on.available, [abi.GROUP_BULK]);
  assert.deepEqual(
    [on.row("bulk"), on.row("small")],
    [
      [2, 0],
      [8, 0],
    ],
  );
  on.close();
});

test("a pool without bulk buffers says so", async () => {
  const on = await PoolOnRing.open({ bulkBuffers: { count: 0, bytes: 0 } });
  assert.equal(on.pool.hasBulk, false);
  assert.deepEqual(on.row("bulk"), [0, 0]);
  on.close();
});

test("write buffers are given out until none is left, and a waiter is called when one returns", async () => {
  const on = await PoolOnRing.open();
  const leases: Lease[] = [];
  for (let lease = on.pool.writable(); lease !== null; lease = on.pool.writable()) {
    assert.equal(lease.length, SMALL_RING.writeBuffers.bytes);
    lease.bytes().fill(leases.length);
    leases.push(lease);
  }
  assert.equal(leases.length, 4);
  for (const [index, lease] of leases.entries()) assert.ok(lease.bytes().every((byte) => byte === index));
  on.pool.await(abi.GROUP_WRITE);
  leases[2]?.release();
  assert.deepEqual(on.available, [abi.GROUP_WRITE]);
  const again = on.pool.writable();
  assert.notEqual(again, null);
  assert.equal(on.pool.writable(), null);
  for (const lease of [leases[0], leases[1], leases[3], again]) lease?.release();
  assert.deepEqual(on.row("write"), [0, 0]);
  on.close();
});

test("a pool knows its own leases from others", async () => {
  const on = await PoolOnRing.open();
  const other = await PoolOnRing.open();
  const own = on.pool.writable() as Lease;
  assert.equal(on.pool.owns(own), true);
  assert.equal(other.pool.owns(own), false);
  assert.equal(on.pool.owns(leaseBytes(new Uint8Array(1))), false);
  own.release();
  on.close();
  other.close();
});
