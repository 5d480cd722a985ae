import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defaultOverloadOptions, OverloadGuard, type OverloadOptions } from "./overload.ts";

interface Recorded {
  readonly guard: OverloadGuard;
  readonly calls: string[];
}

function record(options: Partial<OverloadOptions>): Recorded {
  const calls: string[] = [];
  const none = { pauseDelayMs: 0, refuseDelayMs: 0, pauseMemoryBytes: 0, refuseMemoryBytes: 0 };
  const guard = new OverloadGuard(
    { ...none, ...options },
    {
      onAcceptingChanged: (cause) => calls.push(`accepting ${cause}`),
      onRefusingChanged: (cause) => calls.push(`refusing ${cause}`),
    },
  );
  return { guard, calls };
}

describe("OverloadGuard", () => {
  it("pauses after two very late samples in a row, and ends after two good ones", () => {
    const { guard, calls } = record({ pauseDelayMs: 100 });
    guard.update(500, 0);
    assert.deepEqual(calls, [], "one stop, however long, is none");
    guard.update(500, 0);
    assert.deepEqual(calls, ["accepting delay"]);
    guard.update(0, 0);
    assert.deepEqual(calls, ["accepting delay"]);
    guard.update(0, 0);
    assert.deepEqual(calls, ["accepting delay", "accepting null"]);
  });

  it("refuses at the second, higher limit only", () => {
    const { guard, calls } = record({ pauseDelayMs: 100, refuseDelayMs: 200 });
    for (let i = 0; i < 50; i++) guard.update(150, 0);
    assert.deepEqual([calls, guard.shouldRefuse()], [["accepting delay"], false]);
    for (let i = 0; i < 50; i++) guard.update(250, 0);
    assert.deepEqual([calls, guard.shouldRefuse()], [["accepting delay", "refusing delay"], true]);
    for (let i = 0; i < 50; i++) guard.update(0, 0);
    assert.deepEqual(calls.slice(2), ["refusing null", "accepting null"]);
    assert.equal(guard.shouldRefuse(), false);
  });

  it("does not flap around its limit", () => {
    const { guard, calls } = record({ pauseDelayMs: 100 });
    for (let i = 0; i < 100; i++) guard.update(i % 2 === 0 ? 130 : 90, 0);
    assert.deepEqual(calls, ["accepting delay"]);
  });

  it("goes by memory at once, and until it is somewhat below the limit", () => {
    const { guard, calls } = record({ pauseMemoryBytes: 1000 });
    guard.update(99_999, 999);
    assert.deepEqual(calls, []);
    guard.update(0, 1000);
    guard.update(0, 960);
    assert.deepEqual(calls, ["accepting memory"]);
    guard.update(0, 949);
    assert.deepEqual(calls, ["accepting memory", "accepting null"]);
  });

  it("stays as it is while one of the two is too much", () => {
    const { guard, calls } = record({ pauseDelayMs: 100, pauseMemoryBytes: 1000 });
    for (let i = 0; i < 5; i++) guard.update(200, 0);
    guard.update(200, 2000);
    for (let i = 0; i < 5; i++) guard.update(200, 0);
    assert.deepEqual(calls, ["accepting delay"]);
    for (let i = 0; i < 5; i++) guard.update(0, 2000);
    assert.deepEqual(calls, ["accepting delay"]);
    guard.update(0, 0);
    assert.deepEqual(calls, ["accepting delay", "accepting null"]);
  });

  it("does nothing without limits, and knows what it needs", () => {
    const none = record({});
    for (let i = 0; i < 10; i++) none.guard.update(1e9, 1e15);
    assert.deepEqual([none.calls, none.guard.isNeeded, none.guard.watchesMemory], [[], false, false]);
    const memory = record({ refuseMemoryBytes: 1 }).guard;
    assert.deepEqual([memory.isNeeded, memory.watchesMemory], [true, true]);
    const byDefault = record(defaultOverloadOptions).guard;
    assert.deepEqual([byDefault.isNeeded, byDefault.watchesMemory], [true, false]);
  });

  it("begins and ends in turn, and never begins while all samples are below the limit", () => {
    const delays = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 100 });
    fc.assert(
      fc.property(delays, (samples) => {
        const { guard, calls } = record({ pauseDelayMs: 100 });
        for (const sample of samples) guard.update(sample, 0);
        assert.ok(calls.every((call, index) => call === (index % 2 === 0 ? "accepting delay" : "accepting null")));
        if (samples.every((sample) => sample < 100)) assert.deepEqual(calls, []);
        for (let i = 0; i < 10; i++) guard.update(0, 0);
        assert.equal(calls.length % 2, 0, "it always ends");
      }),
    );
  });
});
