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

/** How many connections are wanted. */
type Wanted = (settings: Settings) => number;

/** As many as servers have to be ready for. */
const many: Wanted = ({ idleConnections }) => idleConnections;
/** As many as an ordinary server has. */
const some: Wanted = ({ someIdleConnections }) => someIdleConnections;

/** Through TCP relays. */
export const tcpIdle: Workload = idleTcp("tcp-idle", many);
/** The same with a tenth of the connections, where what a proxy has anyway weighs more. */
export const tcpIdleSome: Workload = idleTcp("tcp-idle-1k", some);
/** Clients of HTTP reverse proxies that keep their connections. */
export const httpIdle: Workload = idleHttp("http-idle", many);
/** The same with a tenth of the clients. */
export const httpIdleSome: Workload = idleHttp("http-idle-1k", some);

function idleTcp(name: string, wanted: Wanted): Workload {
  const what = { wanted, connections: "relayed connections", after: "one small message each" };
  return { ...idleWorkload(name, "tcp", what), whyNot: () => null };
}

function idleHttp(name: string, wanted: Wanted): Workload {
  const what = { wanted, connections: "clients of HTTP reverse proxies", after: "one request each, keep-alive" };
  return { ...idleWorkload(name, "http", what), whyNot: (environment) => whyMissing(environment, "nginx", "wrk") };
}

interface Idle {
  readonly wanted: Wanted;
  readonly connections: string;
  readonly after: string;
}

function idleWorkload(name: string, protocol: Protocol, idle: Idle): Omit<Workload, "whyNot"> {
  return {
    name,
    protocol,
    describe: (context) => describe(context, idle),
    metrics: METRICS,
    usualPeers: peerNames("proxies"),
    rounds: ({ memoryRounds }) => memoryRounds,
    subjects: (context) => plans(context, protocol, idle),
  };
}

function describe({ environment, settings }: WorkloadContext, { wanted, connections, after }: Idle): string {
  const count = countConnections(environment, wanted(settings));
  const limited =
    count < wanted(settings)
      ? ` (not ${wanted(settings)}: the limit is ${environment.descriptors.limit} open files)`
      : "";
  return (
    `${count} ${connections}${limited} after ${after}: resident memory of a fresh process, ` +
    `and what it still has ${settings.giveBackSeconds} s after they were closed`
  );
}

function plans(context: WorkloadContext, protocol: Protocol, { wanted }: Idle): SubjectPlan[] {
  const { environment, settings } = context;
  const connections = countConnections(environment, wanted(settings));
  return freshRelayPlans(context, {
    connections,
    startUpstream: () => (protocol === "http" ? startNginxHttp(environment) : startEcho(environment)),
    warmUp: ({ peer }) => relayNormalTraffic(environment, protocol, peer.port),
    measure: (relay) => measure(context, protocol, relay, connections),
  });
}

/** A relayed connection has two descriptors in the proxy; limits are set for as many where one would be enough. */
export function countConnections({ descriptors }: Pick<Environment, "descriptors">, wanted: number): number {
  return Math.max(Math.min(wanted, Math.floor((descriptors.limit - OTHER_DESCRIPTORS) / 2)), 1);
}

async function measure(
  { environment, settings }: WorkloadContext,
  protocol: Protocol,
  relay: Relay,
  connections: number,
): Promise<Sample> {
  const { peer } = relay;
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
