/**
 * A process and all that it has started.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

/** The fields of a stat file behind the name, which may have spaces and parentheses in it (proc_pid_stat(5)). */
export function fieldsBehindName(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** The parent's number in a stat file. */
export function parseParent(stat: string): number {
  return Number(fieldsBehindName(stat)[1]);
}

/** The root and all below it, from each process's parent. */
export function treeBelow(root: number, parents: ReadonlyMap<number, number>): number[] {
  const tree = [root];
  for (const process of tree) {
    for (const [child, parent] of parents) if (parent === process) tree.push(child);
  }
  return tree;
}

/** The process and all below it, now. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readProc(`/proc/${entry}/stat`);
    if (stat !== undefined) parents.set(Number(entry), parseParent(stat));
  }
  return treeBelow(root, parents);
}

/** A file of a process or thread; `undefined` once that has ended. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
