/**
 * Small runs for tests.
 *
 * @module
 */
import type { RunResult, SubjectResult, WorkloadResult } from "../results.ts";
import { FULL } from "../settings.ts";
import type { Metric } from "../workloads/workload.ts";

/** A subject with its values by rounds. */
export function testSubject(
  name: string,
  rounds: readonly Readonly<Record<string, number>>[],
  failure: string | null = null,
): SubjectResult {
  const samples = rounds.map((values) => ({ values, notes: [], raw: null }));
  return { name, isOurs: name.startsWith("ringway"), samples, failure };
}

/** The metrics that workloads of requests have. */
export const REQUEST_METRICS: readonly Metric[] = [
  { key: "throughput", label: "requests/s", role: "compared" },
  { key: "cpu", label: "CPU us/request", role: "compared" },
  { key: "p99", label: "p99 ms", role: "detail" },
  { key: "cpuUser", label: "user", role: "detail" },
  { key: "cpuSystem", label: "system", role: "detail" },
];

/** A workload. */
export function testWorkload(
  name: string,
  subjects: readonly SubjectResult[],
  metrics: readonly Metric[] = REQUEST_METRICS,
  skipped: string | null = null,
): WorkloadResult {
  return { name, description: `some work of ${name}`, metrics, skipped, subjects };
}

/** A run. */
export function testRun(workloads: readonly WorkloadResult[], changes: Partial<RunResult> = {}): RunResult {
  return {
    date: "2030-01-31T14:05:09.000Z",
    command: "npx bun run bench --save",
    scope: "full",
    machine: { kernel: "6.1", processor: "CPU", processors: 2, memoryMib: 4096, frequencyGovernor: null, load: 0.1 },
    versions: { nginx: "nginx version: 1" },
    settings: FULL,
    remarks: ["nothing is pinned"],
    references: [],
    workloads,
    ...changes,
  };
}
