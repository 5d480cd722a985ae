/**
 * Which of the saved runs the page of results is made from.
 *
 * @module
 */
import type { RunResult } from "../results.ts";
import { differenceBetween, lackingIn } from "./merge.ts";
import { chooseName, readRuns, type SavedRun, savedNames } from "./saved_results.ts";

/**
 * The newest full run, and the newest parts with what it lacks. Without a full run, the newest part in its place;
 * without that, the newest quick look alone.
 */
export async function chooseRuns(): Promise<SavedRun[]> {
  const names = await savedNames();
  const name = chooseName(names);
  if (name === null) return [];
  const [base] = (await readRuns([name])) as [SavedRun];
  if (base.run.scope === "quick") return [base];
  return [base, ...chooseParts(base, await readRuns(names.filter((other) => other.endsWith("-part.json"))))];
}

/** The parts that add something to a run, the newest first. */
export function chooseParts(base: SavedRun, parts: readonly SavedRun[]): SavedRun[] {
  const known = [...base.run.workloads];
  return parts
    .toSorted((a, b) => (a.name < b.name ? 1 : -1))
    .filter(({ run }) => {
      if (differenceBetween(base.run, run) !== null) return false;
      const added = lackingIn(known, run).filter(({ skipped }) => skipped === null);
      known.unshift(...added);
      return added.length > 0;
    });
}

/** Why a run is not among those that were chosen. */
export function whyLeftOut(base: SavedRun, run: RunResult): string {
  if (run.scope === "quick") return `it is a quick look, and ${base.name} is more`;
  const difference = differenceBetween(base.run, run);
  return difference === null ? `all of it is in ${base.name}` : `${difference} are not those of ${base.name}`;
}
