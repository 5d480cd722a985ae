/**
 * Runs a load generator and sees what the others use meanwhile.
 *
 * @module
 */
import { cpus } from "node:os";
import type { Environment } from "../environment.ts";
import { busyShare, readProcessorTicks } from "../measurement/machine.ts";
import { readMemory } from "../measurement/memory.ts";
import { readUsage, type UsageDifference, usageBetween } from "../measurement/usage.ts";
import { runToEnd, type StartedProcess } from "../processes/started.ts";
import { findBottleneck, findDisturbance, type Shares } from "./bottleneck.ts";
import { parseTimes } from "./results.ts";

/** What happened while a load generator ran. */
export interface LoadRun {
  /** What it printed. */
  readonly output: string;
  /** What the proxy used. */
  readonly proxy: UsageDifference;
  /** What the proxy holds directly afterwards. */
  readonly memoryBytes: number;
  /** How many processors were used, on average. */
  readonly shares: Shares;
  /** The part of all processors that was used, by whatever runs on the machine. */
  readonly machineBusy: number;
  /** What the reader has to know. */
  readonly notes: readonly string[];
}

/** Beyond the time that it is to run. */
const END_TIMEOUT_MS = 30_000;
/** What the proxy has still to do when the load generator has ended, such as to close connections. */
const SETTLE_MS = 50;

/** Run a load generator for as long as it is told to, against a proxy that relays to an upstream, or to none. */
export async function runLoad(
  environment: Environment,
  command: readonly string[],
  seconds: number,
  proxy: StartedProcess,
  upstream: StartedProcess | null,
): Promise<LoadRun> {
  const proxyBefore = readUsage(proxy.pid);
  const upstreamBefore = upstream === null ? null : readUsage(upstream.pid);
  const ticks = readProcessorTicks();
  const start = performance.now();
  const timed = ["sh", "-c", '"$@"; code=$?; times >&2; exit $code', "sh", ...command];
  const load = await runToEnd([...environment.placement.load, ...timed], seconds * 1000 + END_TIMEOUT_MS);
  const wallNs = (performance.now() - start) * 1e6;
  const machineBusy = busyShare(ticks, readProcessorTicks());
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (proxy.isEnded) throw proxy.failure("ended during the measurement");
  const used = usageBetween(proxyBefore, readUsage(proxy.pid));
  const upstreamNs =
    upstream === null || upstreamBefore === null ? 0 : usageBetween(upstreamBefore, readUsage(upstream.pid)).cpuNs;
  const shares: Shares = {
    proxy: used.cpuNs / wallNs,
    upstream: upstreamNs / wallNs,
    load: (parseTimes(load.error) * 1e9) / wallNs,
  };
  const notes = [findBottleneck(shares), findDisturbance(shares, machineBusy * cpus().length)];
  const memoryBytes = readMemory(proxy.pid).bytes;
  return {
    output: load.out,
    proxy: used,
    memoryBytes,
    shares,
    machineBusy,
    notes: notes.filter((note) => note !== null),
  };
}
