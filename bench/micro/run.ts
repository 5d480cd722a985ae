/**
 * The micro-benchmarks in the runtime that runs this. Prints a line of JSON: nanoseconds by the benchmarks' keys.
 *
 * @module
 */
import process from "node:process";
import { do_not_optimize, measure } from "mitata";
import { codecBenchmarks } from "./codec.ts";
import { ffiBenchmarks } from "./ffi.ts";

/** Of each, in nanoseconds. */
const LEAST_TIME_NS = 500e6;

const results: Record<string, number> = {};
for (const { key, units, run } of [...(await ffiBenchmarks()), ...codecBenchmarks()]) {
  const { p50 } = await measure(() => do_not_optimize(run()), { min_cpu_time: LEAST_TIME_NS });
  results[key] = p50 / units;
}
process.stdout.write(`${JSON.stringify(results)}\n`);
process.exit();
