/**
 * Figures that were measured along something that was varied, such as the rate of requests: metrics whose keys are
 * `NAMEAtVALUE`, such as `p99At2000`.
 *
 * @module
 */
import type { Metric } from "../workloads/workload.ts";

/** A figure at several values of what was varied. */
export interface VariedMetric {
  /** The keys' beginning. */
  readonly name: string;
  /** Of the figure, without the value. */
  readonly label: string;
  readonly role: Metric["role"];
  /** From the least to the most. */
  readonly values: readonly number[];
}

/** The key of a figure at a value. */
export function keyAt(name: string, value: number): string {
  return `${name}At${value}`;
}

/** Metrics that were measured once, and those that were measured along something. */
export function splitMetrics(metrics: readonly Metric[]): {
  readonly single: readonly Metric[];
  readonly varied: readonly VariedMetric[];
} {
  const single: Metric[] = [];
  const varied = new Map<string, VariedMetric>();
  for (const metric of metrics) {
    const [, name, digits] = /^(.+)At(\d+)$/.exec(metric.key) ?? [];
    if (name === undefined) {
      single.push(metric);
      continue;
    }
    // The first of a group of columns begins with the value: `2000/s: p50 ms`.
    const label = metric.label.replace(/^[^:]*\d[^:]*:\s*/, "");
    const known = varied.get(name) ?? { name, label, role: metric.role, values: [] };
    varied.set(name, { ...known, values: [...known.values, Number(digits)].toSorted((a, b) => a - b) });
  }
  return { single, varied: [...varied.values()] };
}

/** The values at which a figure was measured; none if it was not. */
export function variedValues(metrics: readonly Metric[], name: string): readonly number[] {
  return splitMetrics(metrics).varied.find((metric) => metric.name === name)?.values ?? [];
}
