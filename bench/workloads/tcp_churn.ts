/**
 * Connections that live for one small message.
 *
 * @module
 */
import { benchProgram } from "../environment.ts";
import { type ChurnResult, parseResult } from "../load/results.ts";
import { runLoad } from "../load/run_load.ts";
import { type CostUnit, costMetrics, costValues } from "./cost.ts";
import { type Relay, relayPlans } from "./relay.ts";
import { peerNames } from "./usual_peers.ts";
import type { Sample, Workload, WorkloadContext } from "./workload.ts";

const LOOPS = 64;
const BY_CONNECTION: CostUnit = { unit: "connection", time: "us" };

/** How it is measured: by its name, on whom, and when. */
export type ChurnOptions = Pick<Workload, "name" | "occasion" | "usualPeers" | "quickPeers" | "baseline">;

/** The workload. */
export const tcpChurn: Workload = churnWorkload({
  name: "tcp-churn",
  occasion: "always",
  quickPeers: peerNames("classic"),
});

/** The same in another way. */
export function churnWorkload(options: ChurnOptions): Workload {
  return {
    ...options,
    protocol: "tcp",
    describe: ({ settings }) =>
      `${LOOPS} loops of connect, send 64 bytes, read them back, close through TCP relays, ${settings.seconds} s`,
    metrics: [{ key: "throughput", label: "connections/s", role: "compared" }, ...costMetrics(BY_CONNECTION)],
    whyNot: () => null,
    subjects: (context) =>
      relayPlans(context, {
        connections: LOOPS,
        warmUp: async (relay) => void (await measure(context, relay, context.settings.warmUpSeconds)),
        measure: (relay) => measure(context, relay, context.settings.seconds),
      }),
  };
}

async function measure({ environment }: WorkloadContext, { peer, upstream }: Relay, seconds: number): Promise<Sample> {
  const churn = [benchProgram("churn"), `${peer.port}`, `${LOOPS}`, `${seconds}`];
  const run = await runLoad(environment, churn, seconds, peer.process, upstream.process);
  const result = parseResult<ChurnResult>(run.output);
  if (result.connections === 0) throw new Error("no connection was finished");
  return {
    values: {
      throughput: result.connections / result.seconds,
      ...costValues(BY_CONNECTION, run, result.connections),
    },
    notes: run.notes,
    raw: { churn: result, proxy: run.proxy, shares: run.shares },
  };
}
