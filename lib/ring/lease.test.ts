import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lease, type LeaseOwner, LeaseQueue, leaseBytes } from "./lease.ts";

/** Counts what it gave out and got back. */
class CountingOwner implements LeaseOwner {
  live = 0;

  make(bytes: Uint8Array): Lease {
    this.live++;
    return new Lease(this, bytes, 0, bytes.length, 0);
  }

  release(): void {
    this.live--;
  }

  share(lease: Lease, offset: number, length: number): Lease {
    this.live++;
    return new Lease(this, lease.memory, offset, length, 0);
  }
}

function contents(queue: LeaseQueue): number[] {
  const bytes: number[] = [];
  for (let lease = queue.head; lease !== null; lease = lease.next) bytes.push(...lease.bytes());
  return bytes;
}

test("a lease of one's own bytes shows them and can be released once", () => {
  const lease = leaseBytes(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...lease.bytes()], [1, 2, 3]);
  lease.release();
  assert.throws(() => lease.release(), TypeError);
});

test("split parts are the whole, and are released apart", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 50 }), fc.nat(), (bytes, seed) => {
      const at = 1 + (seed % (bytes.length - 1));
      const owner = new CountingOwner();
      const lease = owner.make(bytes);
      const rest = lease.split(at);
      assert.deepEqual([...lease.bytes(), ...rest.bytes()], [...bytes]);
      assert.equal(lease.length, at);
      assert.equal(owner.live, 2);
      rest.release();
      assert.deepEqual([...lease.bytes()], [...bytes.subarray(0, at)]);
      lease.release();
      assert.equal(owner.live, 0);
    }),
  );
});

test("splitting at an end or outside is refused", () => {
  const lease = leaseBytes(Uint8Array.of(1, 2, 3));
  for (const at of [0, 3, 4, -1, Number.NaN]) assert.throws(() => lease.split(at), RangeError);
  lease.release();
});

test("a queue gives bytes back in the order in which they came", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => ({ push: bytes })),
          fc.nat(30).map((count) => ({ drop: count })),
          fc.constant({ shift: true }),
        ),
        { maxLength: 50 },
      ),
      (steps) => {
        const owner = new CountingOwner();
        const queue = new LeaseQueue();
        let model: Uint8Array[] = [];
        for (const step of steps) {
          if ("push" in step) {
            queue.push(owner.make(step.push));
            model.push(step.push);
          } else if ("shift" in step) {
            const lease = queue.shift();
            const expected = model.shift();
            assert.deepEqual(lease === null ? undefined : [...lease.bytes()], expected && [...expected]);
            lease?.release();
          } else {
            const count = Math.min(step.drop, queue.bytes);
            queue.drop(count);
            let left = count;
            while (left > 0) {
              const first = model[0] as Uint8Array;
              if (left < first.length) model[0] = first.subarray(left);
              else model = model.slice(1);
              left -= Math.min(left, first.length);
            }
          }
          assert.deepEqual(
            contents(queue),
            model.flatMap((bytes) => [...bytes]),
          );
          assert.equal(queue.bytes, contents(queue).length);
          assert.equal(owner.live, model.length);
        }
        queue.clear();
        assert.equal(queue.bytes, 0);
        assert.equal(queue.head, null);
        assert.equal(owner.live, 0);
      },
    ),
  );
});

test("an empty queue can be dropped from, shifted and cleared", () => {
  const queue = new LeaseQueue();
  queue.drop(0);
  assert.equal(queue.shift(), null);
  queue.clear();
  queue.push(leaseBytes(Uint8Array.of(7)));
  assert.deepEqual(contents(queue), [7]);
});
