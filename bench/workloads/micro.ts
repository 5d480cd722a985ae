/**
 * Micro-benchmarks of the calls into the shim and of reading HTTP, in both runtimes.
 *
 * @module
 */
import { parseResult } from "../load/results.ts";
import { PERMISSIONS } from "../peers/ringway.ts";
import { runToEnd } from "../processes/started.ts";
import type { Metric, SubjectPlan, Workload } from "./workload.ts";

const PROGRAM = "./bench/micro/run.ts";
const TIMEOUT_MS = 60_000;

/** What `micro/ffi.ts` and `micro/codec.ts` measure; not asked of them, as that would load the shim here. */
const METRICS: readonly Metric[] = [
  { key: "callInteger", label: "FFI call, integers, ns", role: "main" },
  { key: "callDouble", label: "FFI call, double, ns", role: "main" },
  { key: "turnEmpty", label: "turn without work, ns", role: "main" },
  { key: "turnCommand", label: "command of 64, ns", role: "main" },
  { key: "requestShort", label: "request head, 2 lines, ns", role: "main" },
  { key: "requestLong", label: "request head, 15 lines, ns", role: "main" },
  { key: "response", label: "response head, 9 lines, ns", role: "main" },
  { key: "chunk", label: "framing of a chunk, ns", role: "main" },
];

/** The workload. */
export const micro: Workload = {
  name: "micro",
  protocol: "tcp",
  occasion: "named",
  describe: () => "mitata: nanoseconds of what ringway does again and again, by itself",
  metrics: METRICS,
  whyNot: () => null,
  subjects: ({ environment, peers }) => {
    const { bun, deno } = environment.tools;
    const commands = [
      { name: "ringway-bun", command: [bun, PROGRAM] },
      { name: "ringway-deno", command: [deno, "run", ...PERMISSIONS, PROGRAM] },
    ];
    const wanted = commands.filter(({ name }) => peers.some((peer) => peer.name === name));
    return wanted.map(({ name, command }) => plan(name, command));
  },
};

function plan(name: string, command: readonly string[]): SubjectPlan {
  const subject = {
    name,
    isOurs: true,
    // The program warms up by itself.
    warmUp: () => Promise.resolve(),
    measure: async () => {
      const values = parseResult<Record<string, number>>((await runToEnd(command, TIMEOUT_MS)).out);
      return { values, notes: [], raw: values };
    },
    close: () => Promise.resolve(),
  };
  return { name, isOurs: true, open: () => Promise.resolve(subject) };
}
