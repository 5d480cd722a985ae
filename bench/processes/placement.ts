/**
 * On which processors what runs.
 *
 * @module
 */
import { readProc } from "../measurement/process_tree.ts";

/** Commands that keep others on a processor; empty ones where nothing is kept anywhere. */
export interface Placement {
  readonly proxy: readonly string[];
  readonly upstream: readonly string[];
  readonly load: readonly string[];
  /** What was done and why. */
  readonly description: string;
}

/** One for the proxy, one for the upstream, one for the load generator, and one for all else. */
const CORES_NEEDED = 4;

/** Place programs on physical cores, each given with its processors (several where a core runs several threads). */
export function place(cores: readonly (readonly number[])[]): Placement {
  const [, proxy, upstream, load] = cores.map(([first]) => first);
  if (cores.length < CORES_NEEDED || proxy === undefined || upstream === undefined || load === undefined) {
    const description =
      `nothing is pinned: ${cores.length} of the ${CORES_NEEDED} cores that proxy, upstream, load generator and the ` +
      "rest need, so they take processor time from each other";
    return { proxy: [], upstream: [], load: [], description };
  }
  const pin = (processor: number): string[] => ["taskset", "--cpu-list", `${processor}`];
  const description = `pinned: proxy to processor ${proxy}, upstream to ${upstream}, load generator to ${load}`;
  return { proxy: pin(proxy), upstream: pin(upstream), load: pin(load), description };
}

/** Numbers of a list such as `0-3,8`. */
export function parseList(list: string): number[] {
  const numbers: number[] = [];
  for (const [, first, last] of list.matchAll(/(\d+)(?:-(\d+))?/g)) {
    for (let number = Number(first); number <= Number(last ?? first); number++) numbers.push(number);
  }
  return numbers;
}

/** The physical cores that this process may use. */
export function usableCores(): number[][] {
  const [, allowed = ""] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readProc("/proc/self/status") ?? "") ?? [];
  const cores = new Map<string, number[]>();
  for (const processor of parseList(allowed)) {
    const siblings = readProc(`/sys/devices/system/cpu/cpu${processor}/topology/thread_siblings_list`);
    const core = siblings?.trim() ?? `${processor}`;
    cores.set(core, [...(cores.get(core) ?? []), processor]);
  }
  return [...cores.values()];
}
