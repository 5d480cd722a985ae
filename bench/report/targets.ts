/**
 * What ringway is to reach.
 *
 * @module
 */
import { type Reference, ratioOf, type SubjectResult, summaryOf, type WorkloadResult } from "../results.ts";

/** One figure of one subject against what it is to be. */
export interface TargetResult {
  readonly subject: string;
  readonly what: string;
  /** `null` if it was not measured, or void. */
  readonly measured: number | null;
  readonly sense: "<" | "<=" | ">=";
  readonly limit: number;
  readonly isReached: boolean | null;
}

/** A target for some subjects of a workload. */
interface Target {
  readonly workload: string;
  readonly subjects: readonly string[];
  readonly metric: string;
  /** The peers to divide by; without, the figure itself counts. */
  readonly against?: readonly string[];
  readonly what: string;
  readonly sense: TargetResult["sense"];
  readonly limit: number;
}

const RELAYS = ["ringway-bun", "ringway-deno"];
const PEERS = ["nginx", "haproxy"];
const IDLE_BYTES = 2048;
const HTTP_IDLE_BYTES = 4096;

const TARGETS: readonly Target[] = [
  ratio("tcp-4k", "cpu", "CPU/request", PEERS, "<=", 0.8),
  ratio("tcp-10m", "cpu", "CPU/byte", PEERS, "<=", 0.6),
  ratio("tcp-churn", "throughput", "connections/s", ["nginx"], ">=", 1),
  value("tcp-stall", RELAYS, "growth", "growth in MiB", 8),
  value("tcp-idle", RELAYS, "held", "bytes/connection", IDLE_BYTES),
  // Given back: not more than a fifth of what a connection may cost is left.
  value("tcp-idle", RELAYS, "kept", "kept bytes/connection", Math.round(IDLE_BYTES / 5)),
  ratio("http-post", "cpu", "CPU/request", ["nginx"], "<=", 0.5),
  ratio("http-post", "cpu", "CPU/request", ["haproxy"], "<=", 0.65),
  ratio("http-post", "throughput", "requests/s", ["nginx"], ">=", 1.2),
  ratio("http-4k", "cpu", "CPU/request", PEERS, "<=", 0.62),
  ratio("http-10m", "cpu", "CPU/byte", PEERS, "<=", 0.6),
  ratio("http-upload", "cpu", "CPU/byte", PEERS, "<=", 0.6),
  value("http-stall", RELAYS, "growth", "growth in MiB", 2),
  value("http-idle", RELAYS, "held", "bytes/connection", HTTP_IDLE_BYTES),
  value("start", ["bun proxy.ts", "bun run proxy"], "median", "ms", 150),
  value("start", ["deno run proxy.ts", "deno run proxy"], "median", "ms", 250),
];

/** As good as a reference that is given on the command line, but for what a measurement wanders. */
function referenceTargets({ name, protocol }: Reference): Target[] {
  if (protocol === "tcp") return [ratio("tcp-4k", "cpu", "CPU/request", [name], "<=", 1.05)];
  return [
    ...["http-4k", "http-post"].map((workload) => ratio(workload, "cpu", "CPU/request", [name], "<=", 1.1)),
    ...["http-10m", "http-upload"].map((workload) => ratio(workload, "cpu", "CPU/byte", [name], "<=", 1.1)),
  ];
}

function ratio(
  workload: string,
  metric: string,
  what: string,
  against: readonly string[],
  sense: TargetResult["sense"],
  limit: number,
): Target {
  return { workload, subjects: RELAYS, metric, against, what, sense, limit };
}

function value(workload: string, subjects: readonly string[], metric: string, what: string, limit: number): Target {
  return { workload, subjects, metric, what, sense: "<", limit };
}

/** Compare what was measured with the targets of the workloads that were asked for. */
export function checkTargets(workloads: readonly WorkloadResult[], references: readonly Reference[]): TargetResult[] {
  return [...TARGETS, ...references.flatMap(referenceTargets)].flatMap((target) => {
    const workload = workloads.find(({ name }) => name === target.workload);
    return workload === undefined ? [] : checkTarget(target, workload);
  });
}

function checkTarget(target: Target, { name, subjects }: WorkloadResult): TargetResult[] {
  const { metric, against, what, sense, limit } = target;
  const find = (wanted: string): SubjectResult | undefined => subjects.find((subject) => subject.name === wanted);
  return target.subjects.flatMap((subjectName) => {
    const subject = find(subjectName);
    const result = (measured: number | undefined, text: string): TargetResult => ({
      subject: subjectName,
      what: `${name} ${text}`,
      measured: measured ?? null,
      sense,
      limit,
      isReached: measured === undefined ? null : compare(measured, sense, limit),
    });
    if (against === undefined) return [result(subject && summaryOf(subject, metric)?.median, what)];
    return against.map((peerName) => {
      const peer = find(peerName);
      const found = subject && peer && ratioOf(subject, peer, metric)?.median;
      return result(found, `${what} / ${peerName}`);
    });
  });
}

function compare(measured: number, sense: TargetResult["sense"], limit: number): boolean {
  if (sense === "<") return measured < limit;
  return sense === "<=" ? measured <= limit : measured >= limit;
}
