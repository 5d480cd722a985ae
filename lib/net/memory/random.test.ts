import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "./random.ts";

const take = (random: Random, count: number) => Array.from({ length: count }, () => random.next());

test("a seed gives the same numbers in every runtime, for ever", () => {
  assert.deepEqual(take(new Random(1), 4), [2442144158, 3238099751, 3819917871, 2104621829]);
});

test("neighbouring seeds have no numbers in common, nor have large ones that differ in their high bits", () => {
  const seen = new Set<number>();
  const seeds = [0, 1, 2, 3, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER];
  for (const seed of seeds) for (const number of take(new Random(seed), 100)) seen.add(number);
  assert.equal(seen.size, seeds.length * 100);
});

test("a seed that is not a whole number is refused", () => {
  assert.throws(() => new Random(0.5), RangeError);
  assert.throws(() => new Random(Number.NaN), RangeError);
});

test("below() and between() reach both of their bounds, evenly, and nothing else", () => {
  const random = new Random(42);
  const counts = new Map<number, number>();
  for (let i = 0; i < 6000; i++) {
    const number = random.between(-2, 3);
    counts.set(number, (counts.get(number) ?? 0) + 1);
    assert.ok(random.below(2 ** 32) < 2 ** 32);
    assert.equal(random.below(1), 0);
  }
  assert.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2, 3],
  );
  for (const count of counts.values()) assert.ok(count > 800 && count < 1200, `${count} of 6000`);
});

test("chance() is never true at 0 and always at 1", () => {
  const random = new Random(7);
  let hits = 0;
  for (let i = 0; i < 10_000; i++) {
    assert.equal(random.chance(0), false);
    assert.equal(random.chance(1), true);
    if (random.chance(0.25)) hits++;
  }
  assert.ok(hits > 2200 && hits < 2800, `${hits} of 10000`);
});

test("a chance of 0 leaves the numbers that follow as they are", () => {
  const random = new Random(3);
  random.chance(0);
  assert.deepEqual(take(random, 3), take(new Random(3), 3));
});

test("drawing from a fork does not shift the stream that it came from", () => {
  const one = new Random(5);
  const other = new Random(5);
  const fork = one.fork();
  take(fork, 10);
  other.fork();
  assert.deepEqual(take(one, 5), take(other, 5));
});

test("pick() gives each item, and nothing of nothing", () => {
  const random = new Random(9);
  const picked = new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"])));
  assert.equal(picked.size, 3);
  assert.throws(() => random.pick([]), RangeError);
});
