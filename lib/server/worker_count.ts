/**
 * How many workers a proxy has.
 *
 * @module
 */
import process from "node:process";
import type { ProcessConfig } from "./config.ts";

/** The number of workers that is meant. */
export function workerCount(wanted: ProcessConfig["workers"], platform: string = process.platform): number {
  if (wanted !== "auto") return wanted;
  // Only Linux spreads connections over listeners that share a port.
  return platform === "linux" ? navigator.hardwareConcurrency : 1;
}
