/**
 * What a proxy's work costs, by units of that work.
 *
 * @module
 */
import type { LoadRun } from "../load/run_load.ts";
import type { Metric } from "./workload.ts";

/** A unit of work and the unit that its processor time is given in. */
export interface CostUnit {
  /** For the columns' headings. */
  readonly unit: string;
  readonly time: "us" | "ns";
  /** Of what there is one context switch or more, where that is not the unit: its name, and its units. */
  readonly larger?: { readonly unit: string; readonly units: number };
}

/** The columns of processor time, context switches and memory. */
export function costMetrics({ unit, time, larger }: CostUnit): Metric[] {
  return [
    { key: "cpu", label: `CPU ${time}/${unit}`, role: "compared" },
    { key: "cpuUser", label: "user", role: "detail" },
    { key: "cpuSystem", label: "system", role: "detail" },
    { key: "switches", label: `switches/${larger?.unit ?? unit}`, role: "detail" },
    { key: "memory", label: "memory MiB", role: "detail" },
    { key: "proxyBusy", label: "proxy busy %", role: "detail" },
    { key: "machineBusy", label: "machine busy %", role: "detail" },
  ];
}

/** The columns of a workload of small requests. */
export function requestMetrics(unit: CostUnit): Metric[] {
  const [cpu, ...rest] = costMetrics(unit) as [Metric, ...Metric[]];
  return [
    { key: "throughput", label: "requests/s", role: "compared" },
    cpu,
    { key: "p99", label: "p99 ms", role: "detail" },
    ...rest,
  ];
}

/** The values of {@linkcode costMetrics} for so many units. */
export function costValues({ time, larger }: CostUnit, run: LoadRun, units: number): Record<string, number> {
  const divisor = units * (time === "us" ? 1000 : 1);
  return {
    cpu: run.proxy.cpuNs / divisor,
    cpuUser: run.proxy.userNs / divisor,
    cpuSystem: run.proxy.systemNs / divisor,
    switches: (run.proxy.switches / units) * (larger?.units ?? 1),
    memory: run.memoryBytes / 2 ** 20,
    proxyBusy: run.shares.proxy * 100,
    machineBusy: run.machineBusy * 100,
  };
}
