/**
 * The files that are made from raw results: the page, the charts, and the chart in the README.
 *
 * @module
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROJECT } from "../../test/runner/process.ts";
import { drawCharts } from "./charts.ts";
import { mergeRuns } from "./merge.ts";
import { replaceReadmeChart } from "./readme_chart.ts";
import { formatResultsPage } from "./results_page.ts";
import { readRuns, type SavedRun } from "./saved_results.ts";

/** The page, as a path in the project. */
export const PAGE = "bench/RESULTS.md";

const CHARTS = "bench/charts";
const README = "README.md";

/** The texts of all files by their paths in the project, given the README as it is. */
export function generateFiles(saved: readonly SavedRun[], readme: string): Map<string, string> {
  const run = mergeRuns(saved);
  const charts = drawCharts(run);
  const names = saved.map(({ name }) => name);
  return new Map([
    [PAGE, formatResultsPage(run, names, charts)],
    [README, replaceReadmeChart(readme, run, charts)],
    ...charts.map(({ name, svg }) => [`${CHARTS}/${name}.svg`, svg] as const),
  ]);
}

/** Write all files from raw results, given by their names, and remove charts of what was not measured this time. */
export async function writeGenerated(names: readonly string[]): Promise<string[]> {
  const files = generateFiles(await readRuns(names), await readFile(join(PROJECT, README), "utf8"));
  await mkdir(join(PROJECT, CHARTS), { recursive: true });
  for (const path of await presentCharts()) if (!files.has(path)) await rm(join(PROJECT, path));
  for (const [path, text] of files) await writeFile(join(PROJECT, path), text);
  return [...files.keys()];
}

/** What differs from what the raw results give, as paths. */
export async function findStale(names: readonly string[]): Promise<string[]> {
  const files = generateFiles(await readRuns(names), await readFile(join(PROJECT, README), "utf8"));
  const stale = (await presentCharts()).filter((path) => !files.has(path));
  for (const [path, text] of files) {
    const present = await readFile(join(PROJECT, path), "utf8").catch(() => null);
    if (present !== text) stale.push(path);
  }
  return stale;
}

async function presentCharts(): Promise<string[]> {
  const names = await readdir(join(PROJECT, CHARTS)).catch(() => []);
  return names.filter((name) => name.endsWith(".svg")).map((name) => `${CHARTS}/${name}`);
}
