/**
 * How many descriptors a process may have open.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readProc } from "../measurement/process_tree.ts";

/** The limit, and the command that sets it for another. */
export interface DescriptorLimit {
  readonly limit: number;
  /** To be put in front of a command. */
  readonly wrapper: readonly string[];
}

/** Enough for 10,000 relayed connections, which have two each, and for the pipes of a peer that splices. */
const WANTED = 65_536;

/** Soft and hard limit of open files, from a process's limits file. */
export function parseLimits(limits: string): { readonly soft: number; readonly hard: number } {
  const [, soft = "0", hard = "0"] = /^Max open files\s+(\w+)\s+(\w+)/m.exec(limits) ?? [];
  return { soft: toNumber(soft), hard: toNumber(hard) };
}

function toNumber(limit: string): number {
  return limit === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(limit);
}

/** The highest limit that this user may give to programs, up to what is wanted. */
export function raiseDescriptorLimit(): DescriptorLimit {
  const { soft, hard } = parseLimits(readProc("/proc/self/limits") ?? "");
  for (const limit of [WANTED, Math.min(hard, WANTED)]) {
    const wrapper = ["prlimit", `--nofile=${limit}:${limit}`];
    if (spawnSync("prlimit", [...wrapper.slice(1), "true"]).status === 0) return { limit, wrapper };
  }
  return { limit: soft, wrapper: [] };
}
