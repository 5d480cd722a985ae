/**
 * What fortio has counted.
 *
 * @module
 */
import type { FortioLoad } from "./fortio.ts";

/** What is read of its JSON. */
interface FortioJson {
  /** In nanoseconds. */
  readonly ActualDuration: number;
  readonly DurationHistogram: {
    readonly Count: number;
    readonly Percentiles: readonly { readonly Percentile: number; readonly Value: number }[] | null;
  };
  /** How many responses had which status; -1 is none at all. */
  readonly RetCodes: Readonly<Record<string, number>>;
  /** Of whole responses and of their heads. */
  readonly Sizes: { readonly Min: number; readonly Sum: number };
  readonly HeaderSizes: { readonly Min: number; readonly Sum: number };
  /** How many connections it has opened. */
  readonly SocketCount: number;
}

/** What is kept of it. */
export interface FortioResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Read its output. Throws with what makes it void. */
export function parseFortio(output: string, load: Pick<FortioLoad, "connections" | "bodyBytes">): FortioResult {
  const json = parse(output);
  const failure = failureOf(json, load);
  if (failure !== null) throw new Error(failure);
  const { Count, Percentiles } = json.DurationHistogram;
  const percentile = (wanted: number): number => {
    const found = Percentiles?.find(({ Percentile }) => Percentile === wanted);
    return (found?.Value ?? Number.NaN) * 1000;
  };
  return {
    requests: Count,
    seconds: json.ActualDuration / 1e9,
    p50Ms: percentile(50),
    p90Ms: percentile(90),
    p99Ms: percentile(99),
    p999Ms: percentile(99.9),
  };
}

function parse(output: string): FortioJson {
  try {
    return JSON.parse(output.slice(output.indexOf("{")));
  } catch {
    throw new Error(`Not a result of fortio: "${output.slice(0, 200)}"`);
  }
}

function failureOf(json: FortioJson, { connections, bodyBytes }: Pick<FortioLoad, "connections" | "bodyBytes">) {
  const failed = Object.entries(json.RetCodes).filter(([status]) => status !== "200");
  const failures = failed.map(([status, count]) =>
    status === "-1" ? `${count} requests failed` : `${count} responses had the status ${status}`,
  );
  if (json.DurationHistogram.Count === 0) return "no request was finished";
  const reopened = json.SocketCount - connections;
  if (reopened > 0) failures.push(`${reopened} connections were cut`);
  // Heads differ where a proxy frames now one way, now another: the shortest response need not have the longest one.
  const { Sizes, HeaderSizes, DurationHistogram } = json;
  const isShorter = Sizes.Sum - HeaderSizes.Sum < DurationHistogram.Count * bodyBytes;
  if (isShorter || Sizes.Min - HeaderSizes.Min < bodyBytes) failures.push("a body came back shorter than it was sent");
  return failures.length === 0 ? null : failures.join(", ");
}
