import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { busyShare, describeMachine, parseProcessorTicks, readProcessorTicks } from "./machine.ts";

describe("the machine", () => {
  it("has a kernel, a processor and memory", () => {
    const { kernel, processor, processors, memoryMib } = describeMachine();
    assert.match(kernel, /^\d+\.\d+/);
    assert.notEqual(processor, "");
    assert.ok(processors > 0 && memoryMib > 0);
  });

  it("is busy for the time that is neither idle nor waiting for disks", () => {
    const before = parseProcessorTicks("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n");
    const after = parseProcessorTicks("cpu  150 0 75 820 55 0 0 0 40 0\ncpu0 1 2 3\n");
    assert.deepEqual(before, { total: 1000, idle: 850 });
    assert.equal(busyShare(before, after), 0.75);
    assert.equal(busyShare(before, before), 0);
  });

  it("tells its ticks", () => {
    assert.ok(readProcessorTicks().total > readProcessorTicks().idle);
  });
});
