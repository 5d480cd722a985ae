/**
 * From a command to its ready line.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { benchProgram, type Environment, whyMissing } from "../environment.ts";
import { median } from "../measurement/statistics.ts";
import { ringwayCommand } from "../peers/ringway.ts";
import { runToEnd } from "../processes/started.ts";
import type { Sample, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";

const LEAST_RUNS = 3;
const RUN_TIMEOUT_MS = 20_000;
/** No upstream is needed: nothing connects. */
const ARGUMENTS = ["--listen=127.0.0.1:0", "--to=tcp://127.0.0.1:9", "--workers=1"];

/** The workload. */
export const start: Workload = {
  name: "start",
  occasion: "always",
  protocol: "tcp",
  describe: ({ settings }) =>
    `hyperfine, ${runsPerRound(settings)} runs per round: from the command to the ready line, one worker`,
  metrics: [
    { key: "median", label: "ms", role: "main" },
    { key: "least", label: "least", role: "detail" },
    { key: "most", label: "most", role: "detail" },
  ],
  whyNot: (environment) => whyMissing(environment, "hyperfine"),
  subjects: (context) => {
    const has = (name: string): boolean => context.peers.some((peer) => peer.name === name);
    const { environment } = context;
    const { bun, deno } = environment.tools;
    return [
      ...(has("ringway-bun")
        ? [plan(context, "bun proxy.ts", [bun, "./proxy.ts"]), plan(context, "bun run proxy", [bun, "run", "proxy"])]
        : []),
      ...(has("ringway-deno")
        ? [
            plan(context, "deno run proxy.ts", ringwayCommand(environment, "deno")),
            plan(context, "deno run proxy", [deno, "run", "proxy"]),
          ]
        : []),
    ];
  },
};

function runsPerRound({ starts, rounds }: WorkloadContext["settings"]): number {
  return Math.max(Math.ceil(starts / rounds), LEAST_RUNS);
}

function plan({ environment, settings }: WorkloadContext, name: string, command: readonly string[]): SubjectPlan {
  const subject = {
    name,
    isOurs: true,
    warmUp: async () => void (await runToEnd(untilReady(command), RUN_TIMEOUT_MS)),
    measure: () => measure(environment, command, runsPerRound(settings)),
    close: () => Promise.resolve(),
  };
  return { name, isOurs: true, open: () => Promise.resolve(subject) };
}

function untilReady(command: readonly string[]): string[] {
  return [benchProgram("until_ready"), " ready: ", ...command, ...ARGUMENTS];
}

/** What is read of hyperfine's results. */
interface HyperfineResults {
  readonly results: readonly { readonly times: readonly number[] }[];
}

async function measure(environment: Environment, command: readonly string[], runs: number): Promise<Sample> {
  const file = await environment.write("hyperfine.json", "");
  // The process before is still being cleared away when it is no longer measured.
  const options = ["--shell=none", "--warmup=1", `--runs=${runs}`, "--prepare", "sleep 0.1", "--export-json", file];
  const line = untilReady(command).map(quote).join(" ");
  await runToEnd(["hyperfine", "--style=none", ...options, line], RUN_TIMEOUT_MS * (runs + 1));
  const { results }: HyperfineResults = JSON.parse(await readFile(file, "utf8"));
  const timesMs = (results[0]?.times ?? []).map((seconds) => seconds * 1000);
  return {
    values: { median: median(timesMs), least: Math.min(...timesMs), most: Math.max(...timesMs) },
    notes: [],
    raw: { timesMs },
  };
}

function quote(word: string): string {
  return `'${word}'`;
}
