/**
 * What the package says of itself in `deno.json`: the tests of packaging take every name from there.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { PROJECT } from "../runner/process.ts";

/** The parts of `deno.json` that a registry reads. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** The modules that applications may import, by the names behind the package's: `"."`, `"./worker"`. */
  readonly exports: Readonly<Record<string, string>>;
}

/** The package's manifest. */
export const manifest: Manifest = JSON.parse(readFileSync(`${PROJECT}/deno.json`, "utf8")) as Manifest;
