import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Timer } from "../../ring/timer_wheel.ts";
import { MemoryDriver } from "./driver.ts";
import { SimulationError } from "./errors.ts";
import { MemoryNetwork } from "./network.ts";
import { Bench, pattern } from "./test_support.ts";

/** A few connections that echo, with faults; its trace. */
async function course(seed: number): Promise<readonly string[]> {
  const bench = new Bench({ seed, traceLines: 100_000, capacityBytes: 5000, clockJumpProbability: 0.01 });
  bench.network.faults.set({
    resetAfterBytesProbability: 0.3,
    readerStallProbability: 0.3,
    connectHangProbability: 0.1,
  });
  const listener = await bench.listen(undefined, {
    data: (connection, lease) => connection.write(lease),
    end: (connection) => connection.shutdownWrite(),
  });
  const clients = Array.from({ length: 5 }, (_, index) => {
    const client = bench.connect(listener.address);
    client.connection.writeBytes(pattern(9000 * index));
    client.connection.shutdownWrite();
    return client;
  });
  bench.network.run(() => clients.every((client) => client.recorder.isClosed));
  return bench.network.trace;
}

test("one seed has one course of events", async () => {
  for (const seed of [1, 2, 3]) assert.deepEqual(await course(seed), await course(seed));
});

test("different seeds have different ones", async () => {
  const courses = new Set<string>();
  for (let seed = 0; seed < 10; seed++) courses.add((await course(seed)).join("\n"));
  assert.equal(courses.size, 10);
});

test("a course of events is the same in every runtime", async () => {
  const trace = await course(5);
  // Changes with every change of what is drawn or recorded, but not from one runtime to another.
  assert.equal(createHash("sha256").update(trace.join("\n")).digest("hex").slice(0, 16), "e608d3dae9163c91");
});

test("without being asked for there is no trace, and when asked for it keeps the latest lines", async () => {
  for (const traceLines of [0, 1, 5]) {
    const bench = new Bench({ traceLines });
    const { client } = await bench.pair();
    client.connection.writeBytes(pattern(50_000));
    client.connection.close();
    bench.network.run(() => client.recorder.isClosed);
    assert.equal(bench.network.trace.length, traceLines);
    if (traceLines > 0) assert.match(bench.network.trace.at(-1) ?? "", /closed, errno 0$/);
  }
});

test("when nothing is ready the clock moves to the next thing that is due", async () => {
  const network = new MemoryNetwork({ seed: 1, startMs: 500 });
  const driver = new MemoryDriver(network);
  const expired: number[] = [];
  for (const delayMs of [10_000, 40]) driver.startTimer(new Timer(() => expired.push(network.nowMs)), delayMs);
  assert.equal(network.step(), false);
  assert.equal(network.nowMs, 500);
  assert.equal(network.advance(), true);
  assert.equal(network.nowMs, 540);
  assert.deepEqual(expired, []);
  assert.equal(network.step(), true);
  network.runUntilIdle();
  assert.equal(expired.length, 2);
  for (const [index, dueMs] of [540, 10_500].entries()) assert.ok((expired[index] ?? 0) - dueMs < 5);
  assert.equal(network.advance(), false);
});

test("code that always has something to do does not stop the clock", async () => {
  const bench = new Bench();
  const { client } = await bench.pair();
  let isExpired = false;
  const timer = new Timer(() => {
    isExpired = true;
  });
  bench.driver.startTimer(timer, 20);
  bench.network.run(() => {
    client.connection.writeBytes(pattern(1));
    return isExpired;
  });
});

test("a clock that jumps lets timers expire late, never early", () => {
  const network = new MemoryNetwork({ seed: 1, clockJumpProbability: 0.5, clockJumpMaximumMs: 1000 });
  const driver = new MemoryDriver(network);
  let late = 0;
  let expired = 0;
  for (let delayMs = 0; delayMs < 500; delayMs += 10) {
    const dueMs = network.nowMs + delayMs;
    const timer = new Timer(() => {
      expired++;
      assert.ok(network.nowMs >= dueMs);
      if (network.nowMs > dueMs + 10) late++;
    });
    driver.startTimer(timer, delayMs);
  }
  network.runUntilIdle();
  assert.equal(expired, 50);
  assert.ok(late > 0);
});

test("a run that has no end fails with the seed and the step", () => {
  const network = new MemoryNetwork({ seed: 77 });
  const driver = new MemoryDriver(network);
  const timer: Timer = new Timer(() => driver.startTimer(timer, 100));
  driver.startTimer(timer, 100);
  const check = (error: unknown) => {
    assert.ok(error instanceof SimulationError);
    assert.equal(error.seed, 77);
    assert.match(error.message, /seed 77, step \d+/);
    return true;
  };
  assert.throws(() => network.run(() => false, { maximumSteps: 50 }), check);
  assert.throws(() => network.run(() => false, { maximumMs: 1000 }), check);
  assert.throws(() => network.runUntilIdle({ maximumMs: 1000 }), check);
});

test("a run whose end can't come fails at once, and shows the last lines of the trace", async () => {
  const bench = new Bench();
  await bench.pair();
  assert.throws(() => bench.network.run(() => false), /Nothing is left to happen[\s\S]*connected[\s\S]*seed 1, step/);
});

test("what a handler throws ends the step, with the seed and the cause", async () => {
  const bench = new Bench({ seed: 12 });
  const listener = await bench.listen();
  const bug = new Error("a bug");
  const client = bench.connect(listener.address, {
    connect() {
      throw bug;
    },
  });
  assert.throws(
    () => bench.network.run(() => client.recorder.isClosed),
    (error) => error instanceof SimulationError && error.seed === 12 && error.cause === bug,
  );
});

test("a lease that was not released is reported, with the connection that received it", async () => {
  const bench = new Bench();
  const kept: { release(): void }[] = [];
  const { client } = await bench.pair({}, { data: (_connection, lease) => kept.push(lease) });
  client.connection.writeBytes(pattern(3));
  client.connection.close();
  bench.network.run(() => bench.accepted[0]?.recorder.has("end") === true);
  assert.match(bench.network.unreleasedLeases.join(), /bytes of driver 1 connection 2, after 0/);
  assert.throws(() => bench.network.assertNoLeaks(), /not released.*seed 1/s);
  for (const lease of kept) lease.release();
  bench.network.assertNoLeaks();
});

test("a lease that was released and passed on fails the step in which it is used, and is reported", async () => {
  const bench = new Bench({}, { onHandlerError: () => {} });
  const { client } = await bench.pair(
    {},
    {
      data(connection, lease) {
        connection.write(lease);
        lease.release();
      },
    },
  );
  client.connection.writeBytes(pattern(3));
  bench.network.run(() => client.recorder.isClosed);
  assert.equal(bench.network.doubleReleases.length, 1);
  assert.throws(() => bench.network.assertNoLeaks(), /released twice/);
});
