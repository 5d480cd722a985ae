/**
 * Where and how much was measured, in words.
 *
 * @module
 */
import type { Machine } from "../measurement/machine.ts";
import type { RunResult } from "../results.ts";
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

/** How often and how long, and whether that is enough for results. */
export function describeRounds({ scope, settings: { rounds, memoryRounds, seconds } }: RunResult): string {
  const quick = scope === "quick" ? "a quick look, not for results: " : "";
  return `${quick}${rounds} rounds (memory: ${memoryRounds}), ${seconds} s each, medians over the rounds`;
}
