/**
 * The benchmark: `npx bun run bench` or `npx deno run bench`. See `--help` and README.md.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { StepError } from "../test/runner/steps.ts";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import { type Environment, prepareEnvironment, USUAL_PROGRAMS } from "./environment.ts";
import { runGuard } from "./guard.ts";
import { checkHttpRelay } from "./http_relay_check.ts";
import { measureWorkload } from "./measure.ts";
import { describeMachine } from "./measurement/machine.ts";
import type { Peer } from "./peers/peer.ts";
import { checkRelay } from "./relay_check.ts";
import { chooseRuns, whyLeftOut } from "./report/choice.ts";
import { writeGenerated } from "./report/generated.ts";
import { formatReport } from "./report/report.ts";
import { saveRun } from "./report/saved_results.ts";
import type { RunResult, WorkloadResult } from "./results.ts";

const start = performance.now();

function report(text: string): void {
  const seconds = (performance.now() - start) / 1000;
  process.stderr.write(`${seconds.toFixed(0).padStart(5)} s  ${text}\n`);
}

/** Those that are there and relay correctly, and what is to be said of the others. */
async function usablePeers(
  environment: Environment,
  peers: readonly Peer[],
): Promise<{ readonly usable: Peer[]; readonly remarks: string[] }> {
  const usable: Peer[] = [];
  const remarks: string[] = [];
  for (const peer of peers) {
    const label = `${peer.name} (${peer.protocol})`;
    report(`does it relay correctly: ${label}`);
    const missing = peer.whyNot(environment);
    const check = peer.protocol === "http" ? checkHttpRelay : checkRelay;
    const { failure, remark } = missing === null ? await check(environment, peer) : { failure: missing, remark: null };
    if (failure === null) usable.push(peer);
    const said = failure === null ? remark : `left out: ${failure}`;
    if (said === null) continue;
    remarks.push(`${label}: ${said}`);
    report(`${label}: ${said}`);
  }
  return { usable, remarks };
}

async function run({
  workloads,
  peers: wanted,
  peersOf,
  settings,
  json,
  command,
  scope,
  isSaved,
}: CommandLine): Promise<boolean> {
  const machine = describeMachine();
  const date = new Date().toISOString();
  const programs = new Set([...USUAL_PROGRAMS, ...[...workloads, ...wanted].flatMap(({ needs = [] }) => needs)]);
  const environment = await prepareEnvironment(programs, (text) => report(`prepare: ${text}`));
  const { usable: peers, remarks } = await usablePeers(environment, wanted);
  const results: WorkloadResult[] = [];
  for (const workload of workloads) {
    const ofWorkload = peersOf(workload).filter((peer) => peers.includes(peer));
    results.push(await measureWorkload(workload, { environment, settings, peers: ofWorkload }, report));
  }
  const result: RunResult = {
    date,
    command,
    scope,
    machine,
    versions: environment.versions,
    settings,
    remarks: [environment.placement.description, ...libraryRemark(), ...remarks],
    references: wanted.filter(({ isReference }) => isReference).map(({ name, protocol }) => ({ name, protocol })),
    workloads: results,
  };
  if (json !== null) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  if (isSaved) await save(result);
  process.stdout.write(formatReport(result));
  const isComplete = ({ skipped, subjects }: WorkloadResult): boolean =>
    skipped === null && subjects.every(({ failure }) => failure === null);
  return peers.length === wanted.length && results.every(isComplete);
}

/** Keep the raw results, and write the page of results from those that count, which may be others. */
async function save(result: RunResult): Promise<void> {
  const name = await saveRun(result);
  report(`saved: bench/results/${name}`);
  const chosen = await chooseRuns();
  const [base] = chosen;
  if (base === undefined) return;
  const names = chosen.map((run) => run.name);
  await writeGenerated(names);
  report(`bench/RESULTS.md and its charts have the results of ${names.join(", ")}`);
  if (!names.includes(name)) report(`${name} is not among them: ${whyLeftOut(base, result)}`);
}

/** Without the variable, ringway uses the library that is embedded in it. */
function libraryRemark(): string[] {
  const path = process.env["RINGWAY_LIBRARY"];
  return path === undefined ? [] : [`ringway's library is ${path}`];
}

const commandLine = parseCommandLine(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
});
if ("exitCode" in commandLine) process.exit(commandLine.exitCode);
try {
  process.exit((await (commandLine.isGuard ? runGuard(report) : run(commandLine))) ? 0 : 1);
} catch (error) {
  process.stderr.write(
    `${error instanceof StepError ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
}
