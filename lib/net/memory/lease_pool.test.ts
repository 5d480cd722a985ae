import assert from "node:assert/strict";
import { test } from "node:test";
import { assertHeld, MemoryLeasePool } from "./lease_pool.ts";

function pool(): { pool: MemoryLeasePool; returned: () => number } {
  let returned = 0;
  const made = new MemoryLeasePool(() => returned++);
  return { pool: made, returned: () => returned };
}

test("a lease is counted until it is released", () => {
  const { pool: leases, returned } = pool();
  const lease = leases.lease(Uint8Array.of(1, 2, 3), "a test");
  assert.deepEqual(leases.unreleased, ["3 bytes of a test"]);
  assert.deepEqual([leases.buffersInUse, leases.bytesInUse], [1, 3]);
  lease.release();
  assert.deepEqual(leases.unreleased, []);
  assert.deepEqual([leases.buffersInUse, leases.bytesInUse], [0, 0]);
  assert.equal(returned(), 1);
});

test("a buffer returns when the last part of it was released", () => {
  const { pool: leases, returned } = pool();
  const first = leases.lease(Uint8Array.of(1, 2, 3, 4), "a test");
  const second = first.split(1);
  const third = second.split(2);
  assert.deepEqual(
    [first, second, third].map((lease) => [...lease.bytes()]),
    [[1], [2, 3], [4]],
  );
  assert.equal(leases.unreleased.length, 3);
  second.release();
  first.release();
  assert.equal(returned(), 0);
  assert.deepEqual([...third.bytes()], [4]);
  third.release();
  assert.equal(returned(), 1);
});

test("releasing twice throws and is reported", () => {
  const { pool: leases } = pool();
  const lease = leases.lease(Uint8Array.of(1), "a test");
  lease.release();
  assert.deepEqual(leases.doubleReleases, []);
  assert.throws(() => lease.release(), TypeError);
  assert.deepEqual(leases.doubleReleases, ["1 bytes of a test"]);
});

test("who uses a lease that was released is caught or reads nonsense", () => {
  const { pool: leases } = pool();
  const lease = leases.lease(Uint8Array.of(1, 2), "a test");
  const bytes = lease.bytes();
  lease.release();
  assert.notDeepEqual([...bytes], [1, 2]);
  assert.throws(() => lease.split(1), TypeError);
  assert.throws(() => assertHeld(lease), TypeError);
});
