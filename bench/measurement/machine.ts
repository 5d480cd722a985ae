/**
 * The machine that is measured on.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { readProc } from "./process_tree.ts";

/** What figures depend on. */
export interface Machine {
  readonly kernel: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryMib: number;
  /** How the clock frequency is chosen, where the kernel says so. */
  readonly frequencyGovernor: string | null;
  /** Processes that could run, on average over the last minute, before anything was measured. */
  readonly load: number;
}

/** Describe the machine. */
export function describeMachine(): Machine {
  return {
    kernel: release(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    frequencyGovernor: readProc("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")?.trim() ?? null,
    load: Number(readFileSync("/proc/loadavg", "utf8").split(" ")[0]),
  };
}

/** Ticks of all processors since the machine was started. */
export interface ProcessorTicks {
  readonly total: number;
  readonly idle: number;
}

/** Read /proc/stat. */
export function parseProcessorTicks(stat: string): ProcessorTicks {
  const [, ...fields] = (stat.split("\n")[0] ?? "").split(/\s+/);
  // Guests' time is part of user time (proc_stat(5)).
  const ticks = fields.slice(0, 8).map(Number);
  return { total: ticks.reduce((sum, value) => sum + value, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
}

/** Ticks until now. */
export function readProcessorTicks(): ProcessorTicks {
  return parseProcessorTicks(readFileSync("/proc/stat", "utf8"));
}

/** The part of all processors' time that was used between two moments, 0 to 1. */
export function busyShare(before: ProcessorTicks, after: ProcessorTicks): number {
  const total = after.total - before.total;
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
}
