/**
 * Runs test files under both runtimes, each file in a process of its own.
 *
 * @module
 */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { PROJECT, run, TOOLS } from "./process.ts";
import { print, seconds } from "./steps.ts";
import type { Tools } from "./tools.ts";

/** The runtimes that the tests run under. */
export type RuntimeName = "bun" | "deno";

/** How many tests did what, in one file or all. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test that takes longer has failed; a file as well. */
const TEST_TIMEOUT_MS = 120_000;
const FILE_TIMEOUT_MS = 5 * 60_000;
const REPORTS = `${TOOLS}/reports`;
const FOLDERS = ["ffi", "lib", "test", "bench", "examples"];

/** All test files whose path contains one of the filters. */
export async function testFiles(filters: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of FOLDERS) {
    for (const entry of await readdir(`${PROJECT}/${folder}`, { recursive: true }).catch(() => [])) {
      if (entry.endsWith(".test.ts") && !entry.includes("node_modules")) files.push(`${folder}/${entry}`);
    }
  }
  const isWanted = (file: string): boolean => filters.length === 0 || filters.some((filter) => file.includes(filter));
  return files.filter(isWanted).sort();
}

function testCommand(tools: Tools, runtime: RuntimeName, file: string, report: string): string[] {
  if (runtime === "deno") {
    return [tools.deno, "test", "--allow-all", "--no-check", "--frozen", `--junit-path=${report}`, file];
  }
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  // A path without "./" would be a filter.
  return [tools.bun, "test", `--timeout=${TEST_TIMEOUT_MS}`, ...reporter, `./${file}`];
}

/** Count the tests in a report in JUnit's format. */
export function countTests(runtime: RuntimeName, report: string): Counts {
  const cases = report.split("<testcase ").slice(1);
  const names = cases.map((text) => /^name="([^"]*)"/.exec(text)?.[1] ?? "");
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [index, text] of cases.entries()) {
    // Deno's report has an entry for a suite as well, under the beginning of its tests' names.
    const isSuite = names.some((name) => name.startsWith(`${names[index]} &gt; `));
    if (runtime === "deno" && isSuite) continue;
    if (/<(?:failure|error)\b/.test(text)) counts.failed++;
    else if (text.includes("<skipped")) counts.skipped++;
    else counts.passed++;
  }
  return counts;
}

/** Run the files under the runtimes, several at a time. The counts for each runtime. */
export async function runSuites(
  tools: Tools,
  runtimes: readonly RuntimeName[],
  files: readonly string[],
): Promise<Map<RuntimeName, Counts>> {
  await mkdir(REPORTS, { recursive: true });
  const totals = new Map<RuntimeName, Counts>();
  for (const runtime of runtimes) totals.set(runtime, { passed: 0, failed: 0, skipped: 0 });
  const jobs = files.flatMap((file) => runtimes.map((runtime) => ({ file, runtime })));
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const total = totals.get(job.runtime);
      if (total !== undefined) add(total, await runFile(tools, job.runtime, job.file));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return totals;
}

async function runFile(tools: Tools, runtime: RuntimeName, file: string): Promise<Counts> {
  const start = performance.now();
  const report = `${REPORTS}/${runtime}-${file.replaceAll("/", "-")}.xml`;
  await rm(report, { force: true });
  const { ok, output } = await run(testCommand(tools, runtime, file, report), { timeoutMs: FILE_TIMEOUT_MS });
  const counts = countTests(runtime, await readFile(report, "utf8").catch(() => ""));
  const hasRun = counts.passed + counts.failed + counts.skipped > 0 || (await skipsSuites(file));
  // Ended by a signal or by an error outside of any test.
  if ((!ok || !hasRun) && counts.failed === 0) counts.failed = 1;
  const label = `  ${runtime.padEnd(4)} ${file}`;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  const duration = seconds(performance.now() - start);
  if (counts.failed === 0) {
    print(`${label}: ${counts.passed} passed${skipped} (${duration})\n`);
  } else {
    print(`${label}: FAILED (${duration})\n${hasRun ? "" : "No test has run.\n"}${output.trimEnd()}\n\n`);
  }
  return counts;
}

/** Bun reports nothing at all about a suite that is skipped as a whole. */
async function skipsSuites(file: string): Promise<boolean> {
  return /describe\(.*\bskip:/.test(await readFile(`${PROJECT}/${file}`, "utf8"));
}

function add(total: Counts, counts: Counts): void {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
