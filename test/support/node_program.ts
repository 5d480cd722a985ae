/**
 * Makes one module that Node runs of modules in TypeScript and their packages.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findTools } from "../runner/tools.ts";
import { run } from "./programs.ts";

/** A module for Node. */
export interface NodeProgram {
  readonly path: string;
  /** Delete it. */
  remove(): void;
}

/** Bundle a module of this folder. */
export async function nodeProgram(module: string): Promise<NodeProgram> {
  const source = fileURLToPath(new URL(module, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "ringway-node-"));
  const path = join(folder, "program.mjs");
  const { bun } = await findTools();
  const { code, error } = await run(bun, ["build", "--target=node", `--outfile=${path}`, source]);
  if (code !== 0) throw new Error(`Can't bundle ${module}: ${error}`);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}
