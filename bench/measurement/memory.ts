/**
 * The memory of a process tree.
 *
 * Resident pages are counted, not proportional ones: those would shrink as soon as another process with the
 * same program starts, such as this benchmark. Pages that a process has given back but that the kernel has not
 * taken yet (LazyFree) don't count. Sockets' buffers are the kernel's and in none of these figures.
 *
 * @module
 */
import { processTree, readProc } from "./process_tree.ts";

/** What a process tree holds. */
export interface Memory {
  /** Resident bytes without those that were given back. This is the figure in reports. */
  readonly bytes: number;
  /** Proportional set size. */
  readonly proportionalBytes: number;
  /** Of the resident ones, those that no file backs. */
  readonly anonymousBytes: number;
}

/** Read a smaps_rollup file. */
export function parseRollup(rollup: string): Memory {
  const field = (name: string): number => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(rollup) ?? [];
    return Number(kibibytes ?? 0) * 1024;
  };
  return {
    bytes: field("Rss") - field("LazyFree"),
    proportionalBytes: field("Pss"),
    anonymousBytes: field("Anonymous"),
  };
}

/** The memory of a process and all below it. */
export function readMemory(root: number): Memory {
  const total = { bytes: 0, proportionalBytes: 0, anonymousBytes: 0 };
  for (const process of processTree(root)) {
    const rollup = readProc(`/proc/${process}/smaps_rollup`);
    if (rollup === undefined) continue;
    const memory = parseRollup(rollup);
    total.bytes += memory.bytes;
    total.proportionalBytes += memory.proportionalBytes;
    total.anonymousBytes += memory.anonymousBytes;
  }
  if (total.bytes === 0) throw new Error(`The memory of process ${root} can't be read`);
  return total;
}
