/**
 * Was a fixed rate of requests reached?
 *
 * @module
 */
import { median } from "../measurement/statistics.ts";
import type { SubjectResult } from "../results.ts";

/** Less than this part of a rate is another rate. */
const REACHED = 0.95;

/** Did it take as many requests per second as it was sent? In the median of the rounds; yes if nobody has counted. */
export function reachesRate({ samples }: SubjectResult, rate: number): boolean {
  const rates = samples.flatMap(({ raw }) => measuredRates(raw)).filter((measured) => measured.rate === rate);
  return rates.length === 0 || median(rates.map(({ reached }) => reached)) >= rate * REACHED;
}

/** What the workload `http-rate` keeps. */
function measuredRates(raw: unknown): { readonly rate: number; readonly reached: number }[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((entry: unknown) => {
    const rate = numberIn(entry, "rate");
    const fortio = valueIn(entry, "fortio");
    const [requests, seconds] = [numberIn(fortio, "requests"), numberIn(fortio, "seconds")];
    return rate === null || requests === null || seconds === null ? [] : [{ rate, reached: requests / seconds }];
  });
}

function numberIn(value: unknown, key: string): number | null {
  const found = valueIn(value, key);
  return typeof found === "number" ? found : null;
}

function valueIn(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
