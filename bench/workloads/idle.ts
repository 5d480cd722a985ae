/**
 * Many connections that are open and do nothing.
 *
 * @module
 */
import { startNginxHttp } from "../backends/nginx_http.ts";
import { startEcho } from "../backends/upstream.ts";
import { benchProgram, type Environment, whyMissing } from "../environment.ts";
import type { Memory } from "../measurement/memory.ts";
import type { Protocol } from "../peers/peer.ts";
import { StartedProcess } from "../processes/started.ts";
import type { Settings } from "../settings.ts";
import { relayNormalTraffic } from "./normal_traffic.ts";
import { freshRelayPlans, memoryOf, type Relay } from "./relay.ts";
import { peerNames } from "./usual_peers.ts";
import type { Metric, Sample, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";

const SAMPLE_MS = 250;
/** Until what opening them needed is cleared away. */
const SETTLE_MS = 2000;
const OPEN_TIMEOUT_MS = 60_000;
/** What proxies need besides connections. */
const OTHER_DESCRIPTORS = 1000;
const METRICS: readonly Metric[] = [
  { key: "held", label: "bytes/connection", role: "compared" },
  { key: "kept", label: "kept after close", role: "main" },
  { key: "before", label: "before MiB", role: "detail" },
  { key: "connections", label: "connections", role: "detail" },
];

/** Through TCP relays. */
export const tcpIdle: Workload = {
  name: "tcp-idle",
  protocol: "tcp",
  describe: (context) => describe(context, "relayed connections", "one small message each"),
  metrics: METRICS,
  usualPeers: peerNames("proxies"),
  rounds: ({ memoryRounds }) => memoryRounds,
  whyNot: () => null,
  subjects: (context) => plans(context, "tcp"),
};

/** Clients of HTTP reverse proxies that keep their connections. */
export const httpIdle: Workload = {
  name: "http-idle",
  protocol: "http",
  describe: (context) => describe(context, "clients of HTTP reverse proxies", "one request each, keep-alive"),
  metrics: METRICS,
  usualPeers: peerNames("proxies"),
  rounds: ({ memoryRounds }) => memoryRounds,
  whyNot: (environment) => whyMissing(environment, "nginx", "wrk"),
  subjects: (context) => plans(context, "http"),
};

function describe({ environment, settings }: WorkloadContext, what: string, after: string): string {
  const connections = countConnections(environment, settings);
  const limited =
    connections < settings.idleConnections
      ? ` (not ${settings.idleConnections}: the limit is ${environment.descriptors.limit} open files)`
      : "";
  return (
    `${connections} ${what}${limited} after ${after}: resident memory of a fresh process, ` +
    `and what it still has ${settings.giveBackSeconds} s after they were closed`
  );
}

function plans(context: WorkloadContext, protocol: Protocol): SubjectPlan[] {
  const { environment, settings } = context;
  return freshRelayPlans(context, {
    connections: countConnections(environment, settings),
    startUpstream: () => (protocol === "http" ? startNginxHttp(environment) : startEcho(environment)),
    warmUp: ({ peer }) => relayNormalTraffic(environment, protocol, peer.port),
    measure: (relay) => measure(context, protocol, relay),
  });
}

/** A relayed connection has two descriptors in the proxy; limits are set for as many where one would be enough. */
export function countConnections({ descriptors }: Pick<Environment, "descriptors">, settings: Settings): number {
  return Math.max(Math.min(settings.idleConnections, Math.floor((descriptors.limit - OTHER_DESCRIPTORS) / 2)), 1);
}

async function measure({ environment, settings }: WorkloadContext, protocol: Protocol, relay: Relay): Promise<Sample> {
  const { peer } = relay;
  const connections = countConnections(environment, settings);
  const before = memoryOf(relay);
  const { descriptors, placement } = environment;
  const idle = new StartedProcess([
    ...descriptors.wrapper,
    ...placement.load,
    benchProgram("idle"),
    `${peer.port}`,
    `${connections}`,
    protocol === "http" ? "1" : "0",
  ]);
  try {
    await idle.untilPrinted("open", OPEN_TIMEOUT_MS);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const held = memoryOf(relay);
    idle.writeLine();
    await idle.untilPrinted("closed", OPEN_TIMEOUT_MS);
    const after = await sample(relay, settings.giveBackSeconds);
    const kept = Math.min(...after.map(({ bytes }) => bytes));
    const perConnection = (bytes: number): number => (bytes - before.bytes) / connections;
    return {
      values: {
        held: perConnection(held.bytes),
        kept: perConnection(kept),
        before: before.bytes / 2 ** 20,
        connections,
      },
      notes: [],
      raw: { before, held, after },
    };
  } finally {
    await idle.stop();
  }
}

async function sample(relay: Relay, seconds: number): Promise<Memory[]> {
  const series: Memory[] = [];
  const deadline = Date.now() + seconds * 1000;
  do {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    series.push(memoryOf(relay));
  } while (Date.now() < deadline);
  return series;
}
