import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "./random.ts";
import { Scheduler, Task } from "./scheduler.ts";

const nothing = () => {};

function drain(scheduler: Scheduler): string[] {
  const names: string[] = [];
  for (let task = scheduler.take(); task !== null; task = scheduler.take()) names.push(task.name);
  return names;
}

test("every ready task is taken once, in an order that the seed decides", () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const scheduler = new Scheduler(new Random(seed), 0);
    for (const name of ["a", "b", "c", "d"]) {
      const task = new Task(name, nothing);
      scheduler.ready(task);
      scheduler.ready(task);
    }
    const names = drain(scheduler);
    assert.deepEqual([...names].sort(), ["a", "b", "c", "d"]);
    orders.add(names.join(""));
  }
  assert.ok(orders.size > 5);
});

test("a task that is due later is ready when the clock gets there, not before", () => {
  const scheduler = new Scheduler(new Random(1), 100);
  scheduler.after(new Task("soon", nothing), 5);
  scheduler.after(new Task("late", nothing), 50);
  assert.equal(scheduler.take(), null);
  assert.equal(scheduler.nextDueMs(), 105);
  scheduler.advanceTo(104);
  assert.equal(scheduler.take(), null);
  scheduler.advanceTo(105);
  assert.deepEqual(drain(scheduler), ["soon"]);
  assert.equal(scheduler.nextDueMs(), 150);
  scheduler.advanceTo(1000);
  assert.deepEqual(drain(scheduler), ["late"]);
  assert.equal(scheduler.nextDueMs(), null);
});

test("scheduling a task again moves it, cancelling takes it out", () => {
  const scheduler = new Scheduler(new Random(1), 0);
  const moved = new Task("moved", nothing);
  const cancelled = new Task("cancelled", nothing);
  scheduler.after(moved, 10);
  scheduler.after(moved, 30);
  scheduler.after(cancelled, 20);
  scheduler.cancel(cancelled);
  assert.equal(scheduler.nextDueMs(), 30);
  scheduler.ready(moved);
  assert.equal(scheduler.nextDueMs(), null);
  scheduler.ready(cancelled);
  scheduler.cancel(cancelled);
  assert.deepEqual(drain(scheduler), ["moved"]);
});

test("a task that is due never is not scheduled", () => {
  const scheduler = new Scheduler(new Random(1), 0);
  const task = new Task("never", nothing);
  scheduler.ready(task);
  scheduler.after(task, Number.POSITIVE_INFINITY);
  assert.equal(scheduler.take(), null);
  assert.equal(scheduler.nextDueMs(), null);
});

test("tasks become ready in the order of their times, however they were scheduled", () => {
  const random = new Random(11);
  const scheduler = new Scheduler(new Random(1), 0);
  const dues: number[] = [];
  const tasks = Array.from({ length: 500 }, (_, index) => new Task(`${index}`, nothing));
  for (const task of tasks) scheduler.after(task, random.between(1, 1000));
  for (const task of tasks) if (random.chance(0.5)) scheduler.after(task, random.between(1, 1000));
  for (let dueMs = scheduler.nextDueMs(); dueMs !== null; dueMs = scheduler.nextDueMs()) {
    scheduler.advanceTo(dueMs);
    dues.push(...drain(scheduler).map(() => dueMs as number));
  }
  assert.equal(dues.length, tasks.length);
  assert.deepEqual(
    dues,
    [...dues].sort((a, b) => a - b),
  );
});

test("the clock does not go back", () => {
  assert.throws(() => new Scheduler(new Random(1), 10).advanceTo(9), RangeError);
});
