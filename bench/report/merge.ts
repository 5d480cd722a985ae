/**
 * Several runs as one: a benchmark that was measured in parts.
 *
 * @module
 */
import type { RunResult, WorkloadResult } from "../results.ts";
import type { SavedRun } from "./saved_results.ts";

/** The program whose version may differ: what changed in it is said of each run. */
const COMMIT = "ringway's commit";

/**
 * All workloads of all runs; one that was measured in several is taken from the first of these. Throws if the runs are
 * not of the same machine, programs and settings: their figures could not be told apart.
 */
export function mergeRuns(saved: readonly SavedRun[]): RunResult {
  const [first, ...others] = saved;
  if (first === undefined) throw new Error("There are no results");
  for (const other of others) {
    const difference = differenceBetween(first.run, other.run);
    if (difference !== null) throw new Error(`${other.name} can't be joined with ${first.name}: ${difference} differ`);
  }
  const runs = saved.map(({ run }) => run);
  const references = new Map(runs.flatMap((run) => run.references).map((reference) => [reference.name, reference]));
  const workloads = new Map<string, WorkloadResult>();
  const remarks: string[] = [];
  for (const { name, run } of saved) {
    const added = lackingIn([...workloads.values()], run);
    for (const workload of added) workloads.set(workload.name, workload);
    if (run !== first.run && added.length > 0) remarks.push(describeOrigin(name, run, added));
  }
  return {
    ...first.run,
    command: runs.map(({ command }) => command).join("\n"),
    versions: Object.fromEntries(runs.toReversed().flatMap(({ versions }) => Object.entries(versions))),
    remarks: [...remarks, ...new Set(runs.flatMap((run) => run.remarks))],
    references: [...references.values()],
    workloads: [...workloads.values()],
  };
}

/** The workloads of a run that are not among others, or were not measured there. */
export function lackingIn(known: readonly WorkloadResult[], { workloads }: RunResult): WorkloadResult[] {
  return workloads.filter(({ name, skipped }) => {
    const other = known.find((workload) => workload.name === name);
    return other === undefined || (other.skipped !== null && skipped === null);
  });
}

function describeOrigin(file: string, { date, versions }: RunResult, added: readonly WorkloadResult[]): string {
  const names = added.map(({ name }) => name).join(", ");
  return `${names}: of ${file}, measured on ${date.slice(0, 10)}, ${COMMIT} ${versions[COMMIT] ?? "not known"}`;
}

/** What keeps two runs from being joined; `null` if nothing does. */
export function differenceBetween(a: RunResult, b: RunResult): string | null {
  const isOfBoth = (name: string): boolean => name !== COMMIT && name in a.versions && name in b.versions;
  const parts: readonly (readonly [string, (run: RunResult) => unknown])[] = [
    ["the machines", ({ machine: { kernel, processor, processors } }) => [kernel, processor, processors]],
    // A run has those of the programs that took part.
    [
      "the versions",
      ({ versions }) =>
        Object.entries(versions)
          .filter(([name]) => isOfBoth(name))
          .toSorted(),
    ],
    ["the settings", ({ settings }) => Object.entries(settings).toSorted()],
  ];
  const [found] = parts.find(([, part]) => JSON.stringify(part(a)) !== JSON.stringify(part(b))) ?? [];
  return found ?? null;
}
