/**
 * Counts the system calls of a process tree: with perf, which hardly slows it down, or else with strace, which does so
 * much that more connections are ready at a time, so that programs that do much in one call seem better than they are.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { SYSTEM_PATH } from "../../test/runner/packages.ts";
import { StartedProcess } from "../processes/started.ts";
import { processTree } from "./process_tree.ts";

/** What was counted. */
export interface SystemCalls {
  readonly calls: number;
  /** By name, as far as the method knows them. */
  readonly byName: Readonly<Record<string, number>>;
  /** The program that counted. */
  readonly method: Method;
  /** What the run printed. */
  readonly output: string;
}

type Method = "perf" | "strace";

const EVENT = "raw_syscalls:sys_enter";
const ATTACH_TIMEOUT_MS = 10_000;
/** perf says nothing when it has begun. */
const PERF_ATTACH_MS = 500;

function works(command: string, ...arguments_: string[]): boolean {
  return spawnSync(command, arguments_, { env: { PATH: SYSTEM_PATH }, stdio: "ignore" }).status === 0;
}

function findMethod(): Method | null {
  if (works("perf", "stat", "-e", EVENT, "--", "true")) return "perf";
  return works("strace", "-c", "-o", "/dev/null", "true") ? "strace" : null;
}

/** Why nothing can be counted; `null` if it can. */
export function whyNotCounted(): string | null {
  return findMethod() === null ? "neither perf nor strace may look at processes here" : null;
}

/** Count what a process and all below it call while a program runs. */
export async function countSystemCalls(
  observed: StartedProcess,
  run: () => Promise<{ readonly out: string }>,
): Promise<SystemCalls> {
  const method = findMethod();
  if (method === null) throw new Error(whyNotCounted() ?? "");
  const pids = processTree(observed.pid).map(String);
  const command =
    method === "perf"
      ? ["perf", "stat", "-x", ",", "-e", EVENT, "-p", pids.join(",")]
      : ["strace", "-c", "-f", ...pids.flatMap((pid) => ["-p", pid])];
  // Both write to standard error, and they are awaited on standard output.
  const counter = new StartedProcess(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command]);
  try {
    if (method === "strace") await counter.untilPrinted("attached", ATTACH_TIMEOUT_MS);
    else await new Promise((resolve) => setTimeout(resolve, PERF_ATTACH_MS));
    const { out } = await run();
    // They print when they are interrupted.
    counter.signal("SIGINT");
    await counter.finished;
    const counted = method === "perf" ? parsePerf(counter.out) : parseStrace(counter.out);
    return { ...counted, method, output: out };
  } finally {
    await counter.stop();
  }
}

/** The count in the output of `perf stat -x ,`. */
export function parsePerf(output: string): { calls: number; byName: Record<string, number> } {
  const [, count] = /^(\d+),[^,]*,raw_syscalls:sys_enter,/m.exec(output) ?? [];
  if (count === undefined) throw new Error(`Not a count of perf: "${output.trim().slice(-200)}"`);
  return { calls: Number(count), byName: {} };
}

/** The counts in the table of `strace -c`: time in percent, seconds, usecs per call, calls, errors if any, name. */
export function parseStrace(output: string): { calls: number; byName: Record<string, number> } {
  const byName: Record<string, number> = {};
  let calls = 0;
  for (const [, count, name] of output.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$/gm)) {
    if (name === undefined || name === "total") continue;
    byName[name] = Number(count);
    calls += Number(count);
  }
  if (calls === 0) throw new Error(`Not a table of strace: "${output.trim().slice(-200)}"`);
  return { calls, byName };
}
