/**
 * How long a program that imports ringway takes until it has served something.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseResult } from "../load/results.ts";
import { median } from "../measurement/statistics.ts";
import { PERMISSIONS } from "../peers/ringway.ts";
import { runToEnd } from "../processes/started.ts";
import type { Sample, SubjectPlan, Workload } from "./workload.ts";

const PROGRAM = fileURLToPath(new URL("../servers/first_byte.ts", import.meta.url));
const RUNS = 5;
const TIMEOUT_MS = 20_000;

/** The workload. */
export const firstByte: Workload = {
  name: "first-byte",
  protocol: "tcp",
  occasion: "named",
  describe: () =>
    `${RUNS} runs per round: from before the import to the first byte served, on the main thread's sockets and by a ` +
    "proxy with one worker",
  metrics: [
    { key: "median", label: "ms", role: "main" },
    { key: "least", label: "least", role: "detail" },
    { key: "most", label: "most", role: "detail" },
  ],
  whyNot: () => null,
  subjects: ({ environment, peers }) => {
    const { bun, deno } = environment.tools;
    const has = (name: string): boolean => peers.some((peer) => peer.name === name);
    return (["sockets", "proxy"] as const).flatMap((form) => [
      ...(has("ringway-bun") ? [plan(`${form}, bun`, [bun, PROGRAM, form])] : []),
      ...(has("ringway-deno") ? [plan(`${form}, deno`, [deno, "run", ...PERMISSIONS, PROGRAM, form])] : []),
    ]);
  },
};

function plan(name: string, command: readonly string[]): SubjectPlan {
  const run = async (): Promise<number> => parseResult<{ ms: number }>((await runToEnd(command, TIMEOUT_MS)).out).ms;
  const subject = {
    name,
    isOurs: true,
    warmUp: async () => void (await run()),
    measure: async (): Promise<Sample> => {
      const timesMs: number[] = [];
      for (let i = 0; i < RUNS; i++) timesMs.push(await run());
      const values = { median: median(timesMs), least: Math.min(...timesMs), most: Math.max(...timesMs) };
      return { values, notes: [], raw: { timesMs } };
    },
    close: () => Promise.resolve(),
  };
  return { name, isOurs: true, open: () => Promise.resolve(subject) };
}
