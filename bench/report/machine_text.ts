/**
 * Where and how much was measured, in words.
 *
 * @module
 */
import type { Machine } from "../measurement/machine.ts";
import type { RunResult, WorkloadResult } from "../results.ts";
import { formatNumber } from "./numbers.ts";

/** The kernel and the processors. */
export function describeProcessor({ kernel, processor, processors }: Machine): string {
  return `Linux ${kernel}, ${processors} x ${processor}`;
}

/** All of the machine. */
export function describeMachine(machine: Machine): string {
  const { memoryMib, frequencyGovernor, load } = machine;
  const governor = frequencyGovernor === null ? "" : `, governor ${frequencyGovernor}`;
  return `${describeProcessor(machine)}${governor}, ${formatNumber(memoryMib)} MiB, load ${load} before`;
}

/** What was done, and how often. */
export function describeWorkload({ description, subjects }: WorkloadResult): string {
  const rounds = Math.max(0, ...subjects.map(({ samples }) => samples.length));
  return rounds === 0 ? description : `${description}; ${rounds} ${rounds === 1 ? "round" : "rounds"}`;
}

/** Whether that is enough for results, as the beginning of a sentence. */
export function describeWorth({ scope }: RunResult): string {
  return scope === "quick" ? "a quick look, not for results: " : "";
}

/** How often and how long, and whether that is enough for results. */
export function describeRounds(run: RunResult): string {
  const { rounds, memoryRounds, seconds } = run.settings;
  return `${describeWorth(run)}${rounds} rounds (memory: ${memoryRounds}), ${seconds} s each, medians over the rounds`;
}
