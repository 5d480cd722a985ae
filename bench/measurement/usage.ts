/**
 * The processor time and context switches of a process tree.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { fieldsBehindName, processTree, readProc } from "./process_tree.ts";

/** What a process tree has used so far. */
export interface Usage {
  /** Nanoseconds on a processor, by thread. The kernel's workers for io_uring are threads of the process. */
  readonly runNs: ReadonlyMap<string, number>;
  /** Voluntary and involuntary context switches, by thread. */
  readonly switches: ReadonlyMap<string, number>;
  /** In ticks, which are too coarse for more than the proportion of the two. */
  readonly userTicks: number;
  readonly systemTicks: number;
}

/** What a process tree has used in a while. */
export interface UsageDifference {
  readonly cpuNs: number;
  readonly userNs: number;
  readonly systemNs: number;
  readonly switches: number;
}

/** Nanoseconds on a processor, from a thread's schedstat file. */
export function parseRunNs(schedstat: string): number {
  return Number(schedstat.split(" ")[0]);
}

/** User and system time in ticks, from a process's stat file. */
export function parseTicks(stat: string): { readonly user: number; readonly system: number } {
  const fields = fieldsBehindName(stat);
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

/** Voluntary and involuntary context switches, from a thread's status file. */
export function parseSwitches(status: string): number {
  let total = 0;
  for (const [, count] of status.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)$/gm)) total += Number(count);
  return total;
}

/** What a process and all below it have used so far. */
export function readUsage(root: number): Usage {
  const runNs = new Map<string, number>();
  const switches = new Map<string, number>();
  let userTicks = 0;
  let systemTicks = 0;
  for (const process of processTree(root)) {
    const stat = readProc(`/proc/${process}/stat`);
    if (stat === undefined) continue;
    const ticks = parseTicks(stat);
    userTicks += ticks.user;
    systemTicks += ticks.system;
    for (const thread of threadsOf(process)) {
      const folder = `/proc/${process}/task/${thread}`;
      const schedstat = readProc(`${folder}/schedstat`);
      const status = readProc(`${folder}/status`);
      if (schedstat === undefined || status === undefined) continue;
      runNs.set(thread, parseRunNs(schedstat));
      switches.set(thread, parseSwitches(status));
    }
  }
  if (runNs.size === 0) throw new Error(`The processor time of process ${root} can't be read`);
  return { runNs, switches, userTicks, systemTicks };
}

function threadsOf(process: number): string[] {
  try {
    return readdirSync(`/proc/${process}/task`);
  } catch {
    return [];
  }
}

/** What was used between two moments. What a thread used last before it ended is not known. */
export function usageBetween(before: Usage, after: Usage): UsageDifference {
  const cpuNs = increase(before.runNs, after.runNs);
  const userTicks = after.userTicks - before.userTicks;
  const ticks = userTicks + after.systemTicks - before.systemTicks;
  const userNs = ticks === 0 ? 0 : (cpuNs * userTicks) / ticks;
  return { cpuNs, userNs, systemNs: cpuNs - userNs, switches: increase(before.switches, after.switches) };
}

function increase(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const [thread, value] of after) total += value - (before.get(thread) ?? 0);
  return total;
}
