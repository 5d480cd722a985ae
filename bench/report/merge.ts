/**
 * Several runs as one: a benchmark that was measured in parts.
 *
 * @module
 */
import type { RunResult } from "../results.ts";
import type { SavedRun } from "./saved_results.ts";

/**
 * All workloads of all runs; one that is in several is taken from the last. Throws if the runs are not of the same
 * programs, machine and settings: their figures could not be told apart.
 */
export function mergeRuns(saved: readonly SavedRun[]): RunResult {
  const [first, ...others] = saved;
  if (first === undefined) throw new Error("There are no results");
  for (const other of others) {
    const difference = differenceBetween(first.run, other.run);
    if (difference !== null) throw new Error(`${other.name} can't be joined with ${first.name}: ${difference} differ`);
  }
  const runs = saved.map(({ run }) => run);
  const workloads = new Map(runs.flatMap((run) => run.workloads).map((workload) => [workload.name, workload]));
  const references = new Map(runs.flatMap((run) => run.references).map((reference) => [reference.name, reference]));
  return {
    ...first.run,
    command: runs.map(({ command }) => command).join("\n"),
    remarks: [...new Set(runs.flatMap(({ remarks }) => remarks))],
    references: [...references.values()],
    workloads: [...workloads.values()],
  };
}

function differenceBetween(a: RunResult, b: RunResult): string | null {
  const parts: readonly (readonly [string, (run: RunResult) => unknown])[] = [
    ["the machines", ({ machine: { kernel, processor, processors } }) => [kernel, processor, processors]],
    ["the versions", ({ versions }) => Object.entries(versions).toSorted()],
    ["the settings", ({ settings }) => Object.entries(settings).toSorted()],
  ];
  const [found] = parts.find(([, part]) => JSON.stringify(part(a)) !== JSON.stringify(part(b))) ?? [];
  return found ?? null;
}
