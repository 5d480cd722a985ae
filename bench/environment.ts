/**
 * What measuring needs: programs, a folder, limits.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { VERSION } from "../lib/version.ts";
import { hasProgram, installMissing } from "../test/runner/packages.ts";
import { PROJECT, run } from "../test/runner/process.ts";
import { check } from "../test/runner/steps.ts";
import { findTools, installPackages, installZig, type Tools } from "../test/runner/tools.ts";
import { FORTIO, installFortio } from "./load/fortio.ts";
import { findStreamModule } from "./peers/nginx_module.ts";
import { type DescriptorLimit, raiseDescriptorLimit } from "./processes/descriptors.ts";
import { type Placement, place, usableCores } from "./processes/placement.ts";

/** What every peer and workload may use. */
export interface Environment {
  /** The runtimes. */
  readonly tools: Tools;
  /** Programs that could not be installed, and what would help. */
  readonly missing: ReadonlyMap<ProgramName, string>;
  readonly placement: Placement;
  readonly descriptors: DescriptorLimit;
  /** Versions of all programs that take part, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Write a file that programs of other users may read too, and return its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
}

/** What comes from the distribution, and the packages that have it. */
const PROGRAMS = {
  nginx: ["nginx"],
  "nginx's stream module": ["libnginx-mod-stream"],
  haproxy: ["haproxy"],
  wrk: ["wrk"],
  hyperfine: ["hyperfine"],
} as const;

/** A program that may be missing. */
export type ProgramName = keyof typeof PROGRAMS | "fortio";

/** The path of one of the programs in `programs/`. */
export function benchProgram(name: string): string {
  return `${PROJECT}/zig-out/bin/bench_${name}`;
}

/** Install and build what is needed. Throws a StepError when it can't be done. */
export async function prepareEnvironment(report: (text: string) => void): Promise<Environment> {
  report("Bun and Deno");
  await installPackages();
  const tools = await findTools();
  report("nginx, HAProxy, wrk, hyperfine, fortio");
  const missing = await installPrograms();
  report("load generators");
  const zig = await installZig();
  await check([zig, "build", "bench-tools"]);
  const folder = mkdtempSync(join(tmpdir(), "ringway-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  // Started by root, nginx reads as another user.
  await chmod(folder, 0o755);
  return {
    tools,
    missing,
    placement: place(usableCores()),
    descriptors: raiseDescriptorLimit(),
    versions: await findVersions(zig, tools, missing),
    write: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
  };
}

async function installPrograms(): Promise<Map<ProgramName, string>> {
  const { missing, packages } = await installMissing(PROGRAMS, isThere);
  const all = new Map<ProgramName, string>();
  for (const name of missing) all.set(name as ProgramName, `apt-get install ${packages.join(" ")}`);
  const help = await installFortio();
  if (help !== null) all.set("fortio", help);
  return all;
}

function isThere(name: string): boolean {
  return name === "nginx's stream module" ? findStreamModule() !== null : hasProgram(name);
}

/** Why something can't be done without programs; `null` if they are all there. */
export function whyMissing(environment: Environment, ...names: readonly ProgramName[]): string | null {
  const absent = names.filter((name) => environment.missing.has(name));
  const cures = new Set(absent.map((name) => environment.missing.get(name)));
  return absent.length === 0 ? null : `${absent.join(" and ")} missing: ${[...cures].join("; ")}`;
}

async function findVersions(
  zig: string,
  { bun, deno }: Tools,
  missing: Environment["missing"],
): Promise<Record<string, string>> {
  const commands: Readonly<Record<string, readonly string[]>> = {
    "ringway's commit": ["git", "describe", "--always", "--dirty", "--abbrev=12"],
    bun: [bun, "--version"],
    deno: [deno, "--version"],
    zig: [zig, "version"],
    nginx: ["/usr/sbin/nginx", "-v"],
    haproxy: ["/usr/sbin/haproxy", "-v"],
    wrk: ["wrk", "-v"],
    hyperfine: ["hyperfine", "--version"],
    fortio: [FORTIO, "version"],
  };
  const versions: Record<string, string> = { "ringway's version": VERSION };
  for (const [name, command] of Object.entries(commands)) {
    if (missing.has(name as ProgramName)) continue;
    // wrk fails after it has printed its version.
    const [line = ""] = (await run(command)).output.split("\n");
    if (line !== "") versions[name] = line.trim();
  }
  return versions;
}
