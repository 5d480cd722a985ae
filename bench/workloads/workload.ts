/**
 * What is measured, and on whom.
 *
 * @module
 */
import type { Environment, ProgramName } from "../environment.ts";
import type { Peer, Protocol } from "../peers/peer.ts";
import type { Settings } from "../settings.ts";

/** A figure that a workload measures. */
export interface Metric {
  readonly key: string;
  /** The heading of its column, with the unit. */
  readonly label: string;
  /** Is ringway compared with the others by it, is it of interest by itself, or does it only explain another? */
  readonly role: "compared" | "main" | "detail";
}

/** One measurement. */
export interface Sample {
  /** By the metrics' keys. */
  readonly values: Readonly<Record<string, number>>;
  /** What the reader has to know. */
  readonly notes: readonly string[];
  /** All that was found out, for the file of raw results. */
  readonly raw: unknown;
}

/** Something that is ready to be measured. */
export interface Subject {
  readonly name: string;
  /** Is it ringway, which the others are compared with? */
  readonly isOurs: boolean;
  /** Use it once before it is measured; throws if it can't be. */
  warmUp(): Promise<void>;
  /** Throws with what makes the measurement void. */
  measure(): Promise<Sample>;
  /** Stop it. */
  close(): Promise<void>;
}

/** What a workload has to do with. */
export interface WorkloadContext {
  readonly environment: Environment;
  readonly settings: Settings;
  /** Those that relay the workload's protocol. */
  readonly peers: readonly Peer[];
}

/** Something to measure. */
export interface Workload {
  /** As on the command line. */
  readonly name: string;
  /** What the peers relay. */
  readonly protocol: Protocol;
  /** What is done. */
  describe(context: WorkloadContext): string;
  /** Those that no sample has are left out of the results. */
  readonly metrics: readonly Metric[];
  /** When it is measured without being named: always, not with `--quick`, or never; without, not with `--quick`. */
  readonly occasion?: "always" | "full" | "named";
  /** Programs that are installed only for this workload. */
  readonly needs?: readonly ProgramName[];
  /** The peers that it is measured on unless others are named; without, all usual ones. */
  readonly usualPeers?: readonly string[];
  /** The same with `--quick`. */
  readonly quickPeers?: readonly string[];
  /** The subject that all others are divided by, where it is not ringway that is compared. */
  readonly baseline?: string;
  /** How often it is measured; without, as often as the settings say. */
  rounds?(settings: Settings): number;
  /** Why it can't be measured; `null` if it can. */
  whyNot(environment: Environment): string | null;
  /** The subjects, in the order in which each round measures them, each to be opened before the first round. */
  subjects(context: WorkloadContext): readonly SubjectPlan[];
}

/** A subject before it is started. */
export interface SubjectPlan {
  readonly name: string;
  readonly isOurs: boolean;
  /** Start it. */
  open(): Promise<Subject>;
}
