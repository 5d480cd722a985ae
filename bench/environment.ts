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
import { check, StepError } from "../test/runner/steps.ts";
import { findLiburing, findTools, installPackages, installZig, type Tools } from "../test/runner/tools.ts";
import { FORTIO, installFortio } from "./load/fortio.ts";
import { ENVOY, installEnvoy } from "./peers/envoy_install.ts";
import { HTTPXY_VERSION, installHttpxy } from "./peers/httpxy_install.ts";
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
  strace: ["strace"],
} as const;

/** A program that may be missing. */
export type ProgramName = keyof typeof PROGRAMS | "fortio" | "envoy" | "httpxy" | "limit";

/** What most workloads and peers need. */
export const USUAL_PROGRAMS: readonly ProgramName[] = [
  "nginx",
  "nginx's stream module",
  "haproxy",
  "wrk",
  "hyperfine",
  "fortio",
];

/** The path of one of the programs in `programs/`, and of `limit/limit.zig`. */
export function benchProgram(name: string): string {
  return `${PROJECT}/zig-out/bin/bench_${name}`;
}

/**
 * Install and build what is needed, and of the programs that may be missing those that are wanted. Throws a StepError
 * when it can't be done.
 */
export async function prepareEnvironment(
  wanted: ReadonlySet<ProgramName>,
  report: (text: string) => void,
): Promise<Environment> {
  report("Bun and Deno");
  await installPackages();
  const tools = await findTools();
  report([...wanted].join(", "));
  const missing = await installPrograms(wanted, tools);
  report("load generators");
  const zig = await installZig();
  await check([zig, "build", "bench-tools"]);
  if (wanted.has("limit")) await buildLimit(zig, missing);
  const folder = mkdtempSync(join(tmpdir(), "ringway-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  // Started by root, nginx reads as another user.
  await chmod(folder, 0o755);
  return {
    tools,
    missing,
    placement: place(usableCores()),
    descriptors: raiseDescriptorLimit(),
    versions: await findVersions(zig, tools, wanted, missing),
    write: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
  };
}

async function installPrograms(wanted: ReadonlySet<ProgramName>, { bun }: Tools): Promise<Map<ProgramName, string>> {
  const ofDistribution = Object.entries(PROGRAMS).filter(([name]) => wanted.has(name as ProgramName));
  const { missing, packages } = await installMissing(Object.fromEntries(ofDistribution), isThere);
  const all = new Map<ProgramName, string>();
  for (const name of missing) all.set(name as ProgramName, `apt-get install ${packages.join(" ")}`);
  const others: [ProgramName, () => Promise<string | null>][] = [
    ["fortio", installFortio],
    ["envoy", installEnvoy],
    ["httpxy", () => installHttpxy(bun)],
  ];
  for (const [name, install] of others) {
    const help = wanted.has(name) ? await install() : null;
    if (help !== null) all.set(name, help);
  }
  return all;
}

/** Apart from the load generators, as it needs liburing as well. */
async function buildLimit(zig: string, missing: Map<ProgramName, string>): Promise<void> {
  try {
    await check([zig, "build", `-Dliburing=${await findLiburing()}`, "bench-limit"]);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    missing.set("limit", error.message);
  }
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
  wanted: ReadonlySet<ProgramName>,
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
    envoy: [ENVOY, "--version"],
    httpxy: ["node", "--version"],
  };
  const versions: Record<string, string> = { "ringway's version": VERSION };
  for (const [name, command] of Object.entries(commands)) {
    const isOptional = name in PROGRAMS || ["fortio", "envoy", "httpxy"].includes(name);
    if (isOptional && (missing.has(name as ProgramName) || !wanted.has(name as ProgramName))) continue;
    // wrk fails after it has printed its version.
    const [line = ""] = (await run(command)).output.trim().split("\n");
    if (line !== "") versions[name] = name === "httpxy" ? `${HTTPXY_VERSION} on Node.js ${line}` : line.trim();
  }
  return versions;
}
