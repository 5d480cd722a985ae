/**
 * What ringway is to reach at fixed rates of requests: to be faster than the best of the others.
 *
 * @module
 */
import { ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import { formatNumber } from "./numbers.ts";
import { reachesRate } from "./rates.ts";
import { type TargetResult, targetResult } from "./target.ts";
import { keyAt, variedValues } from "./varied.ts";

const WORKLOAD = "http-rate";
const METRIC = "p99";
const LIMIT = ["<=", 0.8] as const;
/** Not peers: what nobody uses, or what has no proxy at all. */
const OTHERS = /^(?:limit|direct)/;

/** For each rate, against the best peer of those that reach it. */
export function checkRateTargets(workloads: readonly WorkloadResult[], names: readonly string[]): TargetResult[] {
  const workload = workloads.find(({ name }) => name === WORKLOAD);
  if (workload === undefined) return [];
  return variedValues(workload.metrics, METRIC).flatMap((rate) => {
    const best = bestPeer(workload, rate);
    return names.map((name) => {
      const subject = workload.subjects.find((candidate) => candidate.name === name);
      return check(subject, name, best, rate);
    });
  });
}

function check(
  subject: SubjectResult | undefined,
  name: string,
  best: SubjectResult | null,
  rate: number,
): TargetResult {
  const what = `${WORKLOAD} ${METRIC} at ${formatNumber(rate)}/s / best peer`;
  if (best === null) return targetResult(name, what, LIMIT, null, "no peer reaches the rate");
  const named = `${what}, ${best.name}`;
  if (subject === undefined) return targetResult(name, named, LIMIT, null);
  if (!reachesRate(subject, rate)) return targetResult(name, named, LIMIT, null, "does not reach the rate");
  return targetResult(name, named, LIMIT, ratioOf(subject, best, keyAt(METRIC, rate))?.median ?? null);
}

function bestPeer({ subjects }: WorkloadResult, rate: number): SubjectResult | null {
  const key = keyAt(METRIC, rate);
  const medians = subjects
    .filter((subject) => !subject.isOurs && !OTHERS.test(subject.name) && reachesRate(subject, rate))
    .flatMap((subject) => {
      const summary = summaryOf(subject, key);
      return summary === null ? [] : [{ subject, median: summary.median }];
    });
  const [first] = medians.toSorted((a, b) => a.median - b.median);
  return first?.subject ?? null;
}
