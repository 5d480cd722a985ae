import assert from "node:assert/strict";
import { it } from "node:test";
import { sweepConnections, sweepOptions, workers } from "./sweeps.ts";
import { combine } from "./varied.ts";

it("a sample of what is varied has each figure at each value", () => {
  const sample = (cpu: number, ...notes: string[]) => ({ values: { cpu }, notes, raw: cpu });
  const one = sample(7);
  const two = sample(9, "disturbed");
  assert.deepEqual(
    combine([
      [1, one],
      [64, two],
    ]),
    {
      values: { cpuAt1: 7, cpuAt64: 9 },
      notes: ["at 64: disturbed"],
      raw: [
        { value: 1, raw: 7 },
        { value: 64, raw: 9 },
      ],
    },
  );
});

it("no metric of a sweep comes twice", () => {
  for (const { name, metrics } of [sweepConnections, workers, ...sweepOptions]) {
    assert.equal(new Set(metrics.map(({ key }) => key)).size, metrics.length, name);
  }
});
