/**
 * One connection, one small message at a time.
 *
 * @module
 */
import { startEcho } from "../backends/upstream.ts";
import { benchProgram, type Environment } from "../environment.ts";
import { type PingPongResult, parseResult } from "../load/results.ts";
import { runToEnd } from "../processes/started.ts";
import { relayPlans } from "./relay.ts";
import type { Sample, Subject, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";

const BYTES = 64;
const END_TIMEOUT_MS = 30_000;

/** The workload. */
export const tcpLatency: Workload = {
  name: "tcp-latency",
  protocol: "tcp",
  describe: ({ settings }) => `one connection, ${BYTES} bytes there and back, ${settings.seconds} s`,
  metrics: [
    { key: "p50", label: "p50 us", role: "compared" },
    { key: "p99", label: "p99 us", role: "compared" },
    { key: "p999", label: "p99.9 us", role: "detail" },
  ],
  whyNot: () => null,
  subjects: (context) => {
    const { environment, settings } = context;
    return [
      directPlan(context),
      ...relayPlans(context, {
        connections: 1,
        warmUp: async ({ peer }) => void (await measure(environment, peer.port, settings.warmUpSeconds)),
        measure: ({ peer }) => measure(environment, peer.port, settings.seconds),
      }),
    ];
  },
};

/** Without a proxy, to see what of the latency is a proxy's. */
function directPlan({ environment, settings }: WorkloadContext): SubjectPlan {
  const open = async (): Promise<Subject> => {
    const { port, process } = await startEcho(environment);
    return {
      name: "direct",
      isOurs: false,
      warmUp: async () => void (await measure(environment, port, settings.warmUpSeconds)),
      measure: () => measure(environment, port, settings.seconds),
      close: () => process.stop(),
    };
  };
  return { name: "direct", isOurs: false, open };
}

async function measure({ placement }: Environment, port: number, seconds: number): Promise<Sample> {
  const command = [...placement.load, benchProgram("ping_pong"), `${port}`, "1", `${BYTES}`, `${seconds}`];
  const result = parseResult<PingPongResult>((await runToEnd(command, seconds * 1000 + END_TIMEOUT_MS)).out);
  return { values: { p50: result.p50Us, p99: result.p99Us, p999: result.p999Us }, notes: [], raw: result };
}
