/**
 * How long requests take through HTTP reverse proxies that are not at their limit.
 *
 * @module
 */
import { startFortioEcho } from "../backends/fortio_echo.ts";
import { whyMissing } from "../environment.ts";
import { fortioCommand } from "../load/fortio.ts";
import { parseFortio } from "../load/fortio_result.ts";
import { runLoad } from "../load/run_load.ts";
import { RATES } from "../settings.ts";
import { type Relay, relayPlans } from "./relay.ts";
import { peerNames } from "./usual_peers.ts";
import type { Metric, Sample, Workload, WorkloadContext } from "./workload.ts";

const CONNECTIONS = 64;
const BODY_BYTES = 4096;
/** All rates take long. */
const MOST_ROUNDS = 3;
/** Less than this part of a rate is another rate. */
const REACHED = 0.95;

/** The workload. */
export const httpRate: Workload = {
  name: "http-rate",
  protocol: "http",
  describe: ({ settings }) =>
    `fortio through HTTP reverse proxies to an echo: ${settings.rates.join(", ")} requests/s, evenly, on ` +
    `${CONNECTIONS} connections, POST of ${BODY_BYTES / 1024} KiB, ${settings.seconds} s each`,
  // The others reach none but the lowest rates.
  usualPeers: peerNames("nearest"),
  quickPeers: peerNames("classic"),
  occasion: "always",
  rounds: ({ isQuick, rounds }) => (isQuick ? 1 : Math.min(rounds, MOST_ROUNDS)),
  metrics: RATES.flatMap((rate): Metric[] => [
    { key: `p50At${rate}`, label: `${rate}/s: p50 ms`, role: "compared" },
    { key: `p99At${rate}`, label: "p99 ms", role: "compared" },
    { key: `cpuAt${rate}`, label: "CPU us/request", role: "detail" },
  ]),
  whyNot: (environment) => whyMissing(environment, "fortio"),
  subjects: (context) =>
    relayPlans(context, {
      connections: CONNECTIONS,
      startUpstream: () => startFortioEcho(context.environment),
      warmUp: async (relay) =>
        // The highest rate: the lower ones are too few requests for runtimes that compile what is used often.
        void (await measure(context, relay, context.settings.rates.slice(-1), context.settings.warmUpSeconds)),
      measure: (relay) => measure(context, relay, context.settings.rates, context.settings.seconds),
    }),
};

async function measure(
  { environment }: WorkloadContext,
  { peer, upstream }: Relay,
  rates: readonly number[],
  seconds: number,
): Promise<Sample> {
  const values: Record<string, number> = {};
  const raw: unknown[] = [];
  const missed: string[] = [];
  let notes: readonly string[] = [];
  for (const rate of rates) {
    const load = { connections: CONNECTIONS, bodyBytes: BODY_BYTES, requestsPerSecond: rate, seconds };
    const run = await runLoad(environment, fortioCommand(peer.port, load), seconds, peer.process, upstream.process);
    const result = parseFortio(run.output, load);
    values[`p50At${rate}`] = result.p50Ms;
    values[`p90At${rate}`] = result.p90Ms;
    values[`p99At${rate}`] = result.p99Ms;
    values[`p999At${rate}`] = result.p999Ms;
    values[`cpuAt${rate}`] = run.proxy.cpuNs / 1000 / result.requests;
    const reached = result.requests / result.seconds;
    if (reached < rate * REACHED) missed.push(`${Math.round(reached)} instead of ${rate}`);
    // Those of the last and highest rate.
    notes = run.notes;
    raw.push({ rate, fortio: result, proxy: run.proxy, shares: run.shares });
  }
  if (missed.length > 0) notes = [...notes, `not as many requests/s as wanted: ${missed.join(", ")}`];
  return { values, notes, raw };
}
