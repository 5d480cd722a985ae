/**
 * httpxy, from the npm registry into the project.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { hasProgram } from "../../test/runner/packages.ts";
import { run, TOOLS } from "../../test/runner/process.ts";

const SOURCE = new URL("httpxy/", import.meta.url);
const { dependencies } = JSON.parse(await readFile(new URL("package.json", SOURCE), "utf8"));

/** Its version. */
export const HTTPXY_VERSION: string = dependencies.httpxy;

const FOLDER = `${TOOLS}/httpxy-${HTTPXY_VERSION}`;

/** Its module, once it is installed. */
export const HTTPXY: string = `${FOLDER}/node_modules/httpxy/dist/index.mjs`;

/** Install it. What would help if it can't be, or if there is no Node.js to run it; `null` if it is there. */
export async function installHttpxy(bun: string): Promise<string | null> {
  if (!hasProgram("node")) return "apt-get install nodejs, which runs it";
  if (existsSync(HTTPXY)) return null;
  const partial = `${FOLDER}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const name of ["package.json", "bun.lock"]) await copyFile(new URL(name, SOURCE), `${partial}/${name}`);
  const { ok, output } = await run([bun, "install", "--frozen-lockfile"], { cwd: partial });
  if (!ok) return `installing it failed: ${output.trim().slice(-300)}`;
  await rename(partial, FOLDER);
  return null;
}
