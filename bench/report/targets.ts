/**
 * What ringway is to reach.
 *
 * @module
 */
import { type Reference, ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";
import { checkRateTargets } from "./rate_targets.ts";
import { type Sense, type TargetResult, targetResult } from "./target.ts";

/** A target for some subjects of a workload. */
interface Target {
  readonly workload: string;
  readonly subjects: readonly string[];
  readonly metric: string;
  /** The peers to divide by; without, the figure itself counts. */
  readonly against?: readonly string[];
  readonly what: string;
  readonly limit: readonly [Sense, number];
}

/** The subjects that have to reach the targets: ringway in both runtimes, with io_uring. */
export const MAIN_SUBJECTS: readonly string[] = ["ringway-bun", "ringway-deno"];

const PEERS = ["nginx", "haproxy"];
const IDLE_BYTES = 2048;
const HTTP_IDLE_BYTES = 4096;

const TARGETS: readonly Target[] = [
  ...requestCost("http-post", "CPU/request", { nginx: 0.4, haproxy: 0.5, envoy: 0.18 }),
  ...requestCost("http-post", "CPU/request", { "bun-serve": 0.3, "deno-serve": 0.15 }),
  ratio("http-post", "throughput", "requests/s", ["nginx"], [">=", 1.3]),
  ratio("http-post", "throughput", "requests/s", ["haproxy"], [">=", 1.15]),
  ratio("http-post", "throughput", "requests/s", ["envoy"], [">=", 2.2]),
  ratio("http-4k", "cpu", "CPU/request", PEERS, ["<=", 0.62]),
  ...requestCost("tcp-4k", "CPU/request", { nginx: 0.7, haproxy: 0.7, limit: 1.08 }),
  ratio("tcp-10m", "cpu", "CPU/byte", PEERS, ["<=", 0.4]),
  ratio("http-10m", "cpu", "CPU/byte", PEERS, ["<=", 0.4]),
  ratio("http-upload", "cpu", "CPU/byte", PEERS, ["<=", 0.6]),
  ratio("tcp-churn", "throughput", "connections/s", ["nginx"], [">=", 1.2]),
  value("tcp-stall", MAIN_SUBJECTS, "growth", "growth in MiB", ["<", 8]),
  value("http-stall", MAIN_SUBJECTS, "growth", "growth in MiB", ["<", 2]),
  value("tcp-idle", MAIN_SUBJECTS, "held", "bytes/connection", ["<", IDLE_BYTES]),
  // Given back: not more than a fifth of what a connection may cost is left.
  value("tcp-idle", MAIN_SUBJECTS, "kept", "kept bytes/connection", ["<", Math.round(IDLE_BYTES / 5)]),
  value("http-idle", MAIN_SUBJECTS, "held", "bytes/connection", ["<", HTTP_IDLE_BYTES]),
  value("start", ["bun proxy.ts", "bun run proxy"], "median", "ms", ["<=", 100]),
  value("start", ["deno run proxy.ts", "deno run proxy"], "median", "ms", ["<=", 200]),
];

/** As good as a reference that is given on the command line, but for what a measurement wanders. */
function referenceTargets({ name, protocol }: Reference): Target[] {
  if (protocol === "tcp") return requestCost("tcp-4k", "CPU/request", { [name]: 1.05 });
  return [
    ...["http-4k", "http-post"].flatMap((workload) => requestCost(workload, "CPU/request", { [name]: 1.1 })),
    ...["http-10m", "http-upload"].flatMap((workload) => requestCost(workload, "CPU/byte", { [name]: 1.1 })),
  ];
}

/** Processor time, by peer not more than so many times its own. */
function requestCost(workload: string, what: string, limits: Readonly<Record<string, number>>): Target[] {
  return Object.entries(limits).map(([peer, limit]) => ratio(workload, "cpu", what, [peer], ["<=", limit]));
}

function ratio(
  workload: string,
  metric: string,
  what: string,
  against: readonly string[],
  limit: Target["limit"],
): Target {
  return { workload, subjects: MAIN_SUBJECTS, metric, against, what, limit };
}

function value(
  workload: string,
  subjects: readonly string[],
  metric: string,
  what: string,
  limit: Target["limit"],
): Target {
  return { workload, subjects, metric, what, limit };
}

/** Compare what was measured with the targets of the workloads that were asked for. */
export function checkTargets(workloads: readonly WorkloadResult[], references: readonly Reference[]): TargetResult[] {
  const ofFigures = [...TARGETS, ...references.flatMap(referenceTargets)].flatMap((target) => {
    const workload = workloads.find(({ name }) => name === target.workload);
    return workload === undefined ? [] : checkTarget(target, workload);
  });
  return [...ofFigures, ...checkRateTargets(workloads, MAIN_SUBJECTS)];
}

function checkTarget(target: Target, { name, subjects }: WorkloadResult): TargetResult[] {
  const { metric, against, what, limit } = target;
  const find = (wanted: string): SubjectResult | undefined => subjects.find((subject) => subject.name === wanted);
  return target.subjects.flatMap((subjectName) => {
    const subject = find(subjectName);
    const result = (text: string, measured: number | undefined): TargetResult =>
      targetResult(subjectName, `${name} ${text}`, limit, measured ?? null);
    if (against === undefined) return [result(what, subject && summaryOf(subject, metric)?.median)];
    return against.map((peerName) => {
      const peer = find(peerName);
      return result(`${what} / ${peerName}`, subject && peer && ratioOf(subject, peer, metric)?.median);
    });
  });
}
