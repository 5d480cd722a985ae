import assert from "node:assert/strict";
import { it } from "node:test";
import type { Metric } from "../workloads/workload.ts";
import { keyAt, splitMetrics, variedValues } from "./varied.ts";

const METRICS: readonly Metric[] = [
  { key: "p99At4000", label: "4,000/s: p99 ms", role: "compared" },
  { key: "cpuAt4000", label: "CPU us/request", role: "detail" },
  { key: "p99At500", label: "500/s: p99 ms", role: "compared" },
  { key: "cpu", label: "CPU: us", role: "main" },
];

it("metrics along something are told from the others, by figure and in the order of the values", () => {
  assert.deepEqual(splitMetrics(METRICS), {
    single: [{ key: "cpu", label: "CPU: us", role: "main" }],
    varied: [
      { name: "p99", label: "p99 ms", role: "compared", values: [500, 4000] },
      { name: "cpu", label: "CPU us/request", role: "detail", values: [4000] },
    ],
  });
  assert.deepEqual(variedValues(METRICS, "p99"), [500, 4000]);
  assert.deepEqual(variedValues(METRICS, "p50"), []);
  assert.equal(keyAt("p99", 500), "p99At500");
});
