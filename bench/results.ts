/**
 * What was measured.
 *
 * @module
 */
import type { Machine } from "./measurement/machine.ts";
import { type Summary, summarize, summarizeRatios } from "./measurement/statistics.ts";
import type { Peer } from "./peers/peer.ts";
import type { Settings } from "./settings.ts";
import type { Metric, Sample } from "./workloads/workload.ts";

/** All that was measured of one subject in one workload. */
export interface SubjectResult {
  readonly name: string;
  readonly isOurs: boolean;
  /** One for each round, in their order; fewer if it failed. */
  readonly samples: readonly Sample[];
  /** What makes it void; `null` if nothing does. */
  readonly failure: string | null;
}

/** All that was measured in one workload. */
export interface WorkloadResult {
  readonly name: string;
  readonly description: string;
  readonly metrics: readonly Metric[];
  /** The subject that all others are divided by; without, ringway is divided by the others. */
  readonly baseline?: string;
  /** Why it was not measured; `null` if it was. */
  readonly skipped: string | null;
  readonly subjects: readonly SubjectResult[];
}

/** Is a subject of the workload one of those that are divided by the others? */
export function isDivided({ name, isOurs }: SubjectResult, { baseline }: WorkloadResult): boolean {
  return baseline === undefined ? isOurs : name !== baseline;
}

/** The values of a metric, by rounds; none of a subject that is void. */
export function valuesOf(subject: SubjectResult, key: string): (number | undefined)[] {
  return subject.failure === null ? subject.samples.map(({ values }) => values[key]) : [];
}

/** The summary of a metric over all rounds; `null` if there is none. */
export function summaryOf(subject: SubjectResult, key: string): Summary | null {
  return summarize(valuesOf(subject, key).filter((value) => value !== undefined));
}

/** One subject divided by another, round by round; `null` if there is no such round. */
export function ratioOf(subject: SubjectResult, other: SubjectResult, key: string): Summary | null {
  return summarizeRatios(valuesOf(subject, key), valuesOf(other, key));
}

/** A peer that was given on the command line, as what ringway is to be like. */
export type Reference = Pick<Peer, "name" | "protocol">;

/**
 * How much of the benchmark was run: all of it, with the usual settings or more; some workloads or peers in the same
 * way; or whatever it was, but less often or for a shorter time.
 */
export type Scope = "full" | "part" | "quick";

/** One run of the benchmark: what the file of raw results has. */
export interface RunResult {
  /** When it began, in UTC. */
  readonly date: string;
  /** The command that made it. */
  readonly command: string;
  readonly scope: Scope;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Settings;
  /** What holds for all of it. */
  readonly remarks: readonly string[];
  /** The peers that were given on the command line. */
  readonly references: readonly Reference[];
  readonly workloads: readonly WorkloadResult[];
}
