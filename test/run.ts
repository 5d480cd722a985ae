/**
 * The test command: `npx bun run test` or `npx deno run test`.
 *
 * Installs what the tests need (once), checks format, lint, types and generated files, builds the shim
 * and runs its tests, then runs every `*.test.ts` under Bun and under Deno, whichever started it.
 *
 * It runs before anything is installed, so that it and `runner/` import nothing but built-in modules.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { type Architecture, checkGenerated } from "./runner/generated.ts";
import { installPrograms } from "./runner/packages.ts";
import { PROJECT } from "./runner/process.ts";
import { check, failedSteps, print, StepError, seconds, step } from "./runner/steps.ts";
import { type RuntimeName, runSuites, testFiles } from "./runner/suites.ts";
import {
  type Compiler,
  findLiburing,
  findTools,
  installMusl,
  installPackages,
  installZig,
  NATIVE,
  OTHER,
  type Tools,
} from "./runner/tools.ts";

const HELP = `Usage: npx bun run test [options] [FILTER...]
       npx deno run test [options] [FILTER...]

FILTER: run only test files whose path contains it, and no other checks

  --only bun|deno  run the test files under one runtime only
  --quick          install nothing and leave the Zig sources alone
  --help           print this
`;

/** What the command line asks for. */
interface Arguments {
  readonly runtimes: readonly RuntimeName[];
  readonly filters: readonly string[];
  readonly isQuick: boolean;
}

function parse(): Arguments {
  const options = { only: { type: "string" }, quick: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help === true) {
      print(HELP);
      process.exit(0);
    }
    if (values.only !== undefined && values.only !== "bun" && values.only !== "deno") {
      throw new TypeError(`--only takes "bun" or "deno", not "${values.only}"`);
    }
    const runtimes: RuntimeName[] = values.only === undefined ? ["bun", "deno"] : [values.only];
    return { runtimes, filters: positionals, isQuick: values.quick === true };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(2);
  }
}

async function installTools(isQuick: boolean): Promise<Tools | null> {
  return await step("Bun, Deno, Biome, TypeScript", async (remark) => {
    if (!isQuick) await installPackages();
    const tools = await findTools();
    remark(tools.versions);
    return tools;
  });
}

async function installCompiler(): Promise<Compiler | null> {
  return await step("Zig, liburing", async (remark) => {
    const compiler = { zig: await installZig(), liburing: await findLiburing() };
    remark(`${(await check([compiler.zig, "version"])).trim()}, ${compiler.liburing}`);
    return compiler;
  });
}

async function installRest(): Promise<void> {
  await step("Programs of end-to-end tests", async (remark) => remark(await installPrograms()));
  await step("musl", async (remark) => remark((await installMusl()) ?? "ok"));
}

async function checkSources(tools: Tools): Promise<void> {
  await step("Format and lint", () => check([...tools.biome, "ci", "--colors=off", "--error-on-warnings"]));
  await step("Types with tsc", () => check([...tools.tsc, "--project", PROJECT]));
  await step("Types with deno check", () => check([tools.deno, "check", "--frozen", "--quiet", ...DENO_CHECKED]));
}

async function buildShim({ zig, liburing }: Compiler, isChecked: boolean): Promise<void> {
  const build = [zig, "build", `-Dliburing=${liburing}`];
  const built = await step("Build the shim", () => check([...build, "install", "test-tools", "musl", "bench-limit"]));
  if (!isChecked) return;
  const isCrossBuilt = await step("Build the shim for the other architecture", (remark) => buildOther(build, remark));
  await step("Format of Zig sources", () => check([zig, "fmt", "--check", "build.zig", "zig", "test", "bench"]));
  const architectures: Architecture[] = isCrossBuilt ? [NATIVE, OTHER] : [NATIVE];
  if (built !== null && isCrossBuilt !== null) {
    await step("Generated files", async (remark) => remark((await checkGenerated(architectures)) ?? "up to date"));
  }
  await step("Tests of the shim", () => check([...build, "test", "--summary", "all"]));
}

/** False where its liburing can't be had: then what is committed is checked by the hash of its sources. */
async function buildOther(build: readonly string[], remark: (text: string) => void): Promise<boolean> {
  let liburing: string;
  try {
    liburing = await findLiburing(OTHER);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    remark(`not built, as liburing for ${OTHER} could not be downloaded`);
    return false;
  }
  await check([...build, `-Dliburing-cross=${liburing}`, "cross"]);
  remark(OTHER);
  return true;
}

async function runTests(tools: Tools, runtimes: readonly RuntimeName[], filters: readonly string[]): Promise<boolean> {
  const files = await testFiles(filters);
  if (files.length === 0) {
    print(`No test file's path contains ${filters.join(" or ")}\n`);
    return false;
  }
  print(`Tests under ${runtimes.join(" and ")}, ${files.length} files\n`);
  const totals = await runSuites(tools, runtimes, files);
  print("\n");
  let allPassed = true;
  for (const [runtime, { passed, failed, skipped }] of totals) {
    print(`${runtime}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    if (failed > 0) allPassed = false;
  }
  return allPassed;
}

/** Compares ringway's costs with those of a program that does as little as possible. */
async function guardPerformance({ bun }: Tools): Promise<void> {
  await step("Performance guard", async (remark) => {
    const output = await check([bun, "bench/run.ts", "--guard"]);
    // What it says behind its progress.
    remark(output.split("\n").findLast((line) => line !== "" && !/^ *\d+ s {2}/.test(line)) ?? "it said nothing");
  });
}

async function main(): Promise<boolean> {
  const { runtimes, filters, isQuick } = parse();
  const tools = await installTools(isQuick);
  if (tools === null) return false;
  const compiler = isQuick ? null : await installCompiler();
  if (!isQuick) await installRest();
  const isEverything = filters.length === 0;
  if (isEverything) await checkSources(tools);
  if (compiler !== null) await buildShim(compiler, isEverything);
  const allPassed = await runTests(tools, runtimes, filters);
  if (isEverything && compiler !== null) await guardPerformance(tools);
  for (const name of failedSteps()) print(`failed: ${name}\n`);
  return allPassed && failedSteps().length === 0;
}

const DENO_CHECKED = ["mod.ts", "proxy.ts", "ffi", "lib", "test", "bench", "examples"];

const start = performance.now();
const isGreen = await main();
print(`${isGreen ? "All is well" : "Something failed"} after ${seconds(performance.now() - start)}\n`);
process.exit(isGreen ? 0 : 1);
