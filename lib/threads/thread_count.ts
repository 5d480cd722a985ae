/**
 * How many threads there are.
 *
 * @module
 */
import process from "node:process";

/** The number of threads that is meant. `"auto"`: one per available processor, but one if the system is not Linux. */
export function threadCount(wanted: number | "auto", platform: string = process.platform): number {
  if (wanted !== "auto") return wanted;
  // Only Linux spreads connections over listeners that share a port.
  return platform === "linux" ? navigator.hardwareConcurrency : 1;
}
