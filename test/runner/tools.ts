/**
 * The tools that the tests need, at pinned versions, each installed once into the project.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { ARCHITECTURES, type Architecture } from "./generated.ts";
import { hasProgram, unpack } from "./packages.ts";
import { PROJECT, run, TOOLS } from "./process.ts";
import { check, StepError } from "./steps.ts";

const NODE_TOOLS = `${PROJECT}/test/tools`;
const MODULES = `${NODE_TOOLS}/node_modules`;
const REQUIREMENTS = `${NODE_TOOLS}/requirements.txt`;

/** Where the tools are. */
export interface Tools {
  readonly bun: string;
  readonly deno: string;
  /** A command line to be continued. */
  readonly biome: readonly string[];
  readonly tsc: readonly string[];
  /** The runtimes' versions, for people. */
  readonly versions: string;
}

/** The compiler and the archive that the library is linked with. */
export interface Compiler {
  readonly zig: string;
  readonly liburing: string;
}

async function toolVersion(name: string): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(`${NODE_TOOLS}/package.json`, "utf8"));
  return dependencies[name];
}

/** Install the dependencies of the package and of its tools, as the lock files have them. */
export async function installPackages(): Promise<void> {
  for (const folder of [PROJECT, NODE_TOOLS]) {
    const marker = `${folder}/node_modules/.installed`;
    const wanted = await digest(`${folder}/package.json`, `${folder}/bun.lock`);
    if ((await readFile(marker, "utf8").catch(() => "")) === wanted) continue;
    await check([...(await anyBun()), "install", "--frozen-lockfile"], { cwd: folder });
    await writeFile(marker, wanted);
  }
}

async function digest(...paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(await readFile(path));
  return hash.digest("hex");
}

/** The lock files are Bun's. Where no Bun runs this, npm has one. */
async function anyBun(): Promise<string[]> {
  if (process.versions["bun"] !== undefined) return [process.execPath];
  if (hasProgram("npx")) return ["npx", "--yes", `bun@${await toolVersion("bun")}`];
  throw new StepError("Installing the dependencies needs npm or Bun. On Debian: apt-get install npm");
}

/** The installed tools, each tried once. */
export async function findTools(): Promise<Tools> {
  const cpu = process.arch === "arm64" ? "arm64" : "x64";
  // The first of each is put in place by a script that package managers may refuse to run.
  const bun = await working("bun", [
    `${MODULES}/bun/bin/bun.exe`,
    `${MODULES}/@oven/bun-linux-${cpu === "arm64" ? "aarch64" : "x64"}/bin/bun`,
  ]);
  const deno = await working("deno", [`${MODULES}/deno/deno`, `${MODULES}/@deno/linux-${cpu}-glibc/deno`]);
  return {
    bun,
    deno,
    biome: [bun, `${MODULES}/@biomejs/biome/bin/biome`],
    tsc: [bun, `${MODULES}/typescript/bin/tsc`],
    versions: `bun ${await toolVersion("bun")}, deno ${await toolVersion("deno")}`,
  };
}

async function working(name: string, paths: readonly string[]): Promise<string> {
  const wanted = await toolVersion(name);
  let output = "";
  for (const path of paths) {
    const outcome = await run([path, "--version"]);
    if (outcome.ok && outcome.output.includes(wanted)) return path;
    output += outcome.output;
  }
  throw new StepError(
    `No working ${name} ${wanted} in test/tools/node_modules. To install it, run without --quick, ` +
      `or delete that folder first\n${output}`,
  );
}

/** The pinned Zig from the Python package index, checked against its hash. */
export async function installZig(): Promise<string> {
  const folder = `${TOOLS}/zig`;
  const zig = `${folder}/ziglang/zig`;
  const marker = `${folder}/.installed`;
  const wanted = await digest(REQUIREMENTS);
  if ((await readFile(marker, "utf8").catch(() => "")) === wanted) return zig;
  if (!(await run(["python3", "-m", "pip", "--version"])).ok) {
    throw new StepError(
      "Zig comes from the Python package index, which needs pip. On Debian: apt-get install python3-pip",
    );
  }
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await check([
    "python3",
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--no-compile",
    "--target",
    partial,
    "--requirement",
    REQUIREMENTS,
  ]);
  await writeFile(`${partial}/.installed`, wanted);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
  return zig;
}

/** The architecture of this machine, and the other one that a library is embedded for. */
export const NATIVE: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
export const OTHER: Architecture = NATIVE === "x86_64" ? "aarch64" : "x86_64";

/** liburing.a of the system, or else of Debian's package. */
export async function findLiburing(architecture: Architecture = NATIVE): Promise<string> {
  const name = `lib/${architecture}-linux-gnu/liburing.a`;
  if (existsSync(`/usr/${name}`)) return `/usr/${name}`;
  const foreign = architecture === NATIVE ? undefined : ARCHITECTURES[architecture];
  return `${await unpack("liburing-dev", foreign)}/usr/${name}`;
}

/** musl's loader, for the test that the library loads under it; what is wrong if it can't be had. */
export async function installMusl(): Promise<string | undefined> {
  try {
    await unpack("musl");
    return undefined;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return "the test of loading under musl will be skipped: its package could not be downloaded";
  }
}
