/**
 * The regression guard: does ringway still relay small messages at about the cost of the limit? A quick look with a
 * margin that is wide enough for any machine, for tests to run.
 *
 * @module
 */
import process from "node:process";
import { type ProgramName, prepareEnvironment } from "./environment.ts";
import { measureWorkload } from "./measure.ts";
import { PEERS } from "./peers/catalog.ts";
import type { Peer } from "./peers/peer.ts";
import { checkRelay } from "./relay_check.ts";
import { ratioOf, type WorkloadResult } from "./results.ts";
import { QUICK, type Settings } from "./settings.ts";
import { WORKLOADS } from "./workloads/catalog.ts";

const PROGRAMS: readonly ProgramName[] = ["nginx", "wrk", "limit"];
const LIMIT = "limit";
const NAMES = ["ringway-bun", "ringway-deno", LIMIT];
const WORKLOAD = "tcp-4k";
const METRIC = "cpu";
const SETTINGS: Settings = { ...QUICK, rounds: 3, seconds: 1 };
/** Processor time per request, as a multiple of the limit's. */
export const MOST = 2;

/** Measure and print. False after a gross loss; also true, with the reason printed, where nothing can be measured. */
export async function runGuard(report: (text: string) => void): Promise<boolean> {
  const environment = await prepareEnvironment(new Set(PROGRAMS), report);
  const workload = WORKLOADS.find(({ name }) => name === WORKLOAD);
  if (workload === undefined) throw new Error(`There is no workload ${WORKLOAD}`);
  const peers: Peer[] = PEERS.filter(({ name, protocol }) => NAMES.includes(name) && protocol === workload.protocol);
  const limit = peers.find(({ name }) => name === LIMIT);
  const { failure } = limit === undefined ? { failure: "there is none" } : await checkRelay(environment, limit);
  const skipped = workload.whyNot(environment) ?? (failure === null ? null : `the limit: ${failure}`);
  if (skipped !== null) {
    process.stdout.write(`skipped: ${skipped.split("\n")[0]}\n`);
    return true;
  }
  const verdict = judge(await measureWorkload(workload, { environment, settings: SETTINGS, peers }, report));
  process.stdout.write(`${verdict.text}\n`);
  return verdict.isGood;
}

/** What the results of the workload say, in a line. */
export function judge({ subjects }: WorkloadResult): { readonly text: string; readonly isGood: boolean } {
  const limit = subjects.find(({ name }) => name === LIMIT);
  if (limit === undefined || limit.failure !== null) {
    return { text: `skipped: the limit was not measured: ${limit?.failure ?? "it did not run"}`, isGood: true };
  }
  const parts: string[] = [];
  let isGood = true;
  for (const subject of subjects) {
    if (!subject.isOurs) continue;
    const ratio = ratioOf(subject, limit, METRIC);
    if (ratio === null || ratio.median > MOST) isGood = false;
    parts.push(
      ratio === null
        ? `${subject.name} failed: ${subject.failure}`
        : `${subject.name} ${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})`,
    );
  }
  return { text: `${WORKLOAD}, CPU/request / the limit's, at most ${MOST}: ${parts.join(", ")}`, isGood };
}
