import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteQueue } from "./byte_queue.ts";
import { Random } from "./random.ts";

test("bytes come out as they went in, however they are cut", () => {
  const random = new Random(1);
  const queue = new ByteQueue();
  const taken: number[] = [];
  let pushed = 0;
  while (taken.length < 5000) {
    const piece = Uint8Array.from({ length: random.below(40) }, () => pushed++ & 0xff);
    queue.push(piece);
    taken.push(...queue.take(random.below(queue.length + 1)));
    assert.equal(queue.length, pushed - taken.length);
  }
  assert.ok(taken.every((byte, index) => byte === (index & 0xff)));
});

test("what was taken is a copy", () => {
  const queue = new ByteQueue();
  const piece = Uint8Array.of(1, 2, 3);
  queue.push(piece);
  const taken = queue.take(3);
  piece.fill(9);
  assert.deepEqual([...taken], [1, 2, 3]);
});

test("clearing drops everything", () => {
  const queue = new ByteQueue();
  queue.push(new Uint8Array(10));
  queue.clear();
  assert.equal(queue.length, 0);
  assert.equal(queue.take(0).length, 0);
});
