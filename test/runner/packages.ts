/**
 * Packages of Debian: installed where the user may do that, or unpacked into the project where not.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { run, TOOLS } from "./process.ts";
import { StepError } from "./steps.ts";

/** Programs, and the packages that have them. */
export type Programs = Readonly<Record<string, readonly string[]>>;

/** What end-to-end tests use. A test without its program is skipped. */
const TEST_PROGRAMS: Programs = {
  chromium: ["chromium"],
  curl: ["curl"],
  nc: ["netcat-openbsd"],
  nginx: ["nginx", "libnginx-mod-stream"],
  "redis-benchmark": ["redis-tools"],
  "redis-cli": ["redis-tools"],
  "redis-server": ["redis-server"],
  socat: ["socat"],
  wrk: ["wrk"],
};

/** Where programs are, also those that only root is expected to start. */
export const SYSTEM_PATH: string = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
const isRoot = process.getuid?.() === 0;

/** Is a program there? */
export function hasProgram(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v "${name}"`], { env: { PATH: SYSTEM_PATH } }).status === 0;
}

/** Install the programs of the end-to-end tests. What to say about it. */
export async function installPrograms(): Promise<string> {
  const { installed, missing, packages } = await installMissing(TEST_PROGRAMS);
  if (missing.length > 0) {
    return `tests that need ${missing.join(", ")} will be skipped: apt-get install ${packages.join(" ")}`;
  }
  return installed.length === 0 ? "all there" : `installed ${installed.join(", ")}`;
}

/** What {@linkcode installMissing} did and what it could not. */
export interface Installed {
  /** Packages that were installed. */
  readonly installed: readonly string[];
  /** Programs that are not there, and the packages that have them. */
  readonly missing: readonly string[];
  readonly packages: readonly string[];
}

/** Install the packages of those programs that are missing, if the user may do that. */
export async function installMissing(
  programs: Programs,
  has: (name: string) => boolean = hasProgram,
): Promise<Installed> {
  const absent = (): string[] => Object.keys(programs).filter((name) => !has(name));
  const packagesOf = (names: string[]): string[] => [...new Set(names.flatMap((name) => programs[name] ?? []))];
  const wanted = packagesOf(absent());
  if (isRoot && wanted.length > 0) await withoutServices(() => aptInstall(wanted));
  const missing = absent();
  const packages = packagesOf(missing);
  return { installed: wanted.filter((name) => !packages.includes(name)), missing, packages };
}

async function aptInstall(packages: readonly string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  const command = ["apt-get", "install", "--yes", "--no-install-recommends", ...packages];
  if ((await run(command, { environment })).ok) return;
  await run(["apt-get", "update"]);
  await run(command, { environment });
}

/** The servers are for tests to start, not for the machine: this keeps their packages from doing so. */
async function withoutServices(body: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const isOurs = !existsSync(policy);
  if (isOurs) await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await body();
  } finally {
    if (isOurs) await rm(policy);
  }
}

/**
 * Unpack a package's files into the project, which needs no right to install anything. The folder
 * with them; throws a {@linkcode StepError} that says what to do when the package can't be had.
 */
export async function unpack(name: string, foreign?: string): Promise<string> {
  const label = foreign === undefined ? name : `${name}-${foreign}`;
  const folder = `${TOOLS}/${label}`;
  if (existsSync(folder)) return folder;
  const downloads = `${TOOLS}/download-${label}`;
  await rm(downloads, { recursive: true, force: true });
  await mkdir(downloads, { recursive: true });
  const output = await download(name, downloads, foreign);
  const file = (await readdir(downloads)).find((entry) => entry.endsWith(".deb"));
  if (file !== undefined) {
    const unpacked = await run(["dpkg-deb", "-x", `${downloads}/${file}`, `${downloads}/files`]);
    if (unpacked.ok) await rename(`${downloads}/files`, folder);
  }
  await rm(downloads, { recursive: true, force: true });
  if (existsSync(folder)) return folder;
  const cure = foreign === undefined ? `. As root: apt-get install ${name}` : ` for ${foreign}`;
  throw new StepError(`The package "${name}" is missing and could not be downloaded${cure}\n${output}`);
}

/** With the machine's package lists, or else with fresh ones: the machine's for root, else the project's own. */
async function download(name: string, folder: string, foreign: string | undefined): Promise<string> {
  // Root would drop its rights for the download, and then can't write here.
  const command = ["apt-get", "--option", "APT::Sandbox::User=root"];
  if (foreign !== undefined) return await downloadForeign(command, name, folder, foreign);
  const first = await run([...command, "download", name], { cwd: folder });
  if (first.ok) return first.output;
  const own = isRoot ? [] : await ownLists("apt");
  const updated = await run([...command, ...own, "update"], { cwd: folder });
  const second = await run([...command, ...own, "download", name], { cwd: folder });
  return first.output + updated.output + second.output;
}

/** For an architecture that the machine does not know, and need not: with lists apart from its own. */
async function downloadForeign(
  command: readonly string[],
  name: string,
  folder: string,
  architecture: string,
): Promise<string> {
  const own = [...(await ownLists(`apt-${architecture}`)), "--option", `APT::Architectures=${architecture}`];
  const updated = await run([...command, ...own, "update"], { cwd: folder });
  const downloaded = await run([...command, ...own, "download", `${name}:${architecture}`], { cwd: folder });
  await rm(`${TOOLS}/apt-${architecture}`, { recursive: true, force: true });
  return updated.output + downloaded.output;
}

async function ownLists(label: string): Promise<string[]> {
  const apt = `${TOOLS}/${label}`;
  await mkdir(`${apt}/lists/partial`, { recursive: true });
  await mkdir(`${apt}/cache/archives/partial`, { recursive: true });
  return ["--option", `Dir::State::Lists=${apt}/lists`, "--option", `Dir::Cache=${apt}/cache`];
}
