/**
 * Connections of which one side sends as much as it can and the other reads nothing.
 *
 * @module
 */
import { startNginxHttp } from "../backends/nginx_http.ts";
import { startEcho } from "../backends/upstream.ts";
import { benchProgram, whyMissing } from "../environment.ts";
import { parseResult, type StallResult } from "../load/results.ts";
import type { Protocol } from "../peers/peer.ts";
import { StartedProcess } from "../processes/started.ts";
import { relayNormalTraffic } from "./normal_traffic.ts";
import { freshRelayPlans, memoryOf, type Relay } from "./relay.ts";
import { peerNames } from "./usual_peers.ts";
import type { Metric, Sample, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";

/** What is stalled. */
interface StallOptions {
  readonly protocol: Protocol;
  readonly downloads: number;
  readonly uploads: number;
}

const SAMPLE_MS = 100;
const MIB = 2 ** 20;
const METRICS: readonly Metric[] = [
  { key: "growth", label: "growth MiB", role: "main" },
  { key: "before", label: "before MiB", role: "detail" },
  { key: "most", label: "most MiB", role: "detail" },
];

const TCP: StallOptions = { protocol: "tcp", downloads: 20, uploads: 20 };
const HTTP: StallOptions = { protocol: "http", downloads: 1, uploads: 0 };

/** Through TCP relays. */
export const tcpStall: Workload = {
  name: "tcp-stall",
  protocol: "tcp",
  describe: ({ settings }) =>
    `${TCP.downloads} downloads and ${TCP.uploads} uploads that nobody reads, ${settings.stallSeconds} s: ` +
    "resident memory of a fresh process",
  metrics: [...METRICS, { key: "uploaded", label: "accepted MiB", role: "detail" }],
  usualPeers: peerNames("proxies"),
  rounds: ({ memoryRounds }) => memoryRounds,
  whyNot: () => null,
  subjects: (context) => plans(context, TCP),
};

/** Through HTTP reverse proxies. */
export const httpStall: Workload = {
  name: "http-stall",
  protocol: "http",
  describe: ({ settings }) =>
    `a response of 1 GiB that its client does not read, ${settings.stallSeconds} s: resident memory of a fresh process`,
  metrics: METRICS,
  usualPeers: peerNames("proxies"),
  rounds: ({ memoryRounds }) => memoryRounds,
  whyNot: (environment) => whyMissing(environment, "nginx", "wrk"),
  subjects: (context) => plans(context, HTTP),
};

function plans(context: WorkloadContext, options: StallOptions): SubjectPlan[] {
  const { environment } = context;
  return freshRelayPlans(context, {
    connections: options.downloads + options.uploads,
    startUpstream: () => (options.protocol === "http" ? startNginxHttp(environment) : startEcho(environment)),
    warmUp: ({ peer }) => relayNormalTraffic(environment, options.protocol, peer.port),
    measure: (relay) => measure(context, options, relay),
  });
}

async function measure(
  { environment, settings }: WorkloadContext,
  { protocol, downloads, uploads }: StallOptions,
  relay: Relay,
): Promise<Sample> {
  const { peer } = relay;
  const before = memoryOf(relay);
  const numbers = [peer.port, downloads, uploads, settings.stallSeconds, protocol === "http" ? 1 : 0].map(String);
  const stall = new StartedProcess([...environment.placement.load, benchProgram("stall"), ...numbers]);
  const series = [before];
  while (!stall.isEnded) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    // What is held once the connections are closed is another matter.
    if (!stall.isEnded) series.push(memoryOf(relay));
  }
  if ((await stall.finished).code !== 0) throw stall.failure("failed");
  const result = parseResult<StallResult>(stall.out);
  const most = Math.max(...series.map(({ bytes }) => bytes));
  return {
    values: {
      growth: (most - before.bytes) / MIB,
      before: before.bytes / MIB,
      most: most / MIB,
      uploaded: result.uploadedBytes / MIB,
    },
    notes: [],
    raw: { ...result, series },
  };
}
