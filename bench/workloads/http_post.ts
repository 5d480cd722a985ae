/**
 * Small bodies there and back through HTTP reverse proxies, as many as possible.
 *
 * @module
 */
import { startFortioEcho } from "../backends/fortio_echo.ts";
import { whyMissing } from "../environment.ts";
import { fortioCommand } from "../load/fortio.ts";
import { parseFortio } from "../load/fortio_result.ts";
import { runLoad } from "../load/run_load.ts";
import { type CostUnit, costValues, requestMetrics } from "./cost.ts";
import { RELAYS, type Relay, relayPlans } from "./relay.ts";
import { peerNames } from "./usual_peers.ts";
import type { Sample, Workload, WorkloadContext } from "./workload.ts";

const CONNECTIONS = 64;
const BODY_BYTES = 4096;
const BY_REQUEST: CostUnit = { unit: "request", time: "us" };

/** How it is measured: by its name, on whom, and when. */
export type PostOptions = Pick<Workload, "name" | "protocol" | "occasion" | "usualPeers" | "quickPeers" | "baseline">;

/** The workload of the talk. */
export const httpPost: Workload = postWorkload({
  name: "http-post",
  protocol: "http",
  occasion: "always",
  quickPeers: peerNames("talk"),
});

/** The same through TCP relays. */
export const tcpPost: Workload = postWorkload({ name: "tcp-post", protocol: "tcp", occasion: "named" });

/** The same in another way. */
export function postWorkload(options: PostOptions): Workload {
  return {
    ...options,
    describe: ({ settings }) =>
      `fortio through ${RELAYS[options.protocol]} to an echo: ${CONNECTIONS} connections, ` +
      `POST of ${BODY_BYTES / 1024} KiB, keep-alive, ${settings.seconds} s`,
    metrics: requestMetrics(BY_REQUEST),
    whyNot: (environment) => whyMissing(environment, "fortio"),
    subjects: (context) =>
      relayPlans(context, {
        connections: CONNECTIONS,
        startUpstream: () => startFortioEcho(context.environment),
        warmUp: async (relay) => void (await measure(context, relay, context.settings.warmUpSeconds)),
        measure: (relay) => measure(context, relay, context.settings.seconds),
      }),
  };
}

async function measure({ environment }: WorkloadContext, { peer, upstream }: Relay, seconds: number): Promise<Sample> {
  const load = { connections: CONNECTIONS, bodyBytes: BODY_BYTES, requestsPerSecond: null, seconds };
  const run = await runLoad(environment, fortioCommand(peer.port, load), seconds, peer.process, upstream.process);
  const result = parseFortio(run.output, load);
  return {
    values: {
      throughput: result.requests / result.seconds,
      p50: result.p50Ms,
      p90: result.p90Ms,
      p99: result.p99Ms,
      p999: result.p999Ms,
      ...costValues(BY_REQUEST, run, result.requests),
    },
    notes: run.notes,
    raw: { fortio: result, proxy: run.proxy, shares: run.shares },
  };
}
