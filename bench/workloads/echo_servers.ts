/**
 * Echo servers: ringway's sockets in an application, beside what the runtimes have.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { startEcho } from "../backends/upstream.ts";
import { benchProgram, type Environment } from "../environment.ts";
import { type PingPongResult, parseResult } from "../load/results.ts";
import { runLoad } from "../load/run_load.ts";
import { type RunningPeer, startPeerProcess, untilAccepting } from "../peers/peer.ts";
import { PERMISSIONS } from "../peers/ringway.ts";
import { unusedPort } from "../processes/ports.ts";
import { type CostUnit, costMetrics, costValues } from "./cost.ts";
import type { Sample, Subject, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";

const BY_MESSAGE: CostUnit = { unit: "message", time: "us" };
const CONNECTIONS = 64;

const script = (name: string): string => fileURLToPath(new URL(`../servers/${name}`, import.meta.url));

interface Server {
  readonly name: string;
  readonly isOurs: boolean;
  command(environment: Environment, port: number): readonly string[];
}

const SERVERS: readonly Server[] = [
  ...(["handlers", "reads", "streams"] as const).flatMap((form) => [
    ours("bun", form, ({ tools }) => [tools.bun]),
    ours("deno", form, ({ tools }) => [tools.deno, "run", ...PERMISSIONS]),
  ]),
  theirs("node-net-bun", "echo_node.ts", ({ tools }) => [tools.bun]),
  theirs("node-net-deno", "echo_node.ts", ({ tools }) => [tools.deno, "run", "--allow-net"]),
  theirs("bun-listen", "echo_bun.ts", ({ tools }) => [tools.bun]),
  theirs("deno-listen", "echo_deno.ts", ({ tools }) => [tools.deno, "run", "--allow-net"]),
];

type Start = (environment: Environment) => readonly string[];

function ours(runtime: string, form: string, start: Start): Server {
  const command = (environment: Environment, port: number): string[] => [
    ...start(environment),
    script("echo_sockets.ts"),
    `${port}`,
    form,
  ];
  return { name: `ringway-${form}-${runtime}`, isOurs: true, command };
}

function theirs(name: string, file: string, start: Start): Server {
  return { name, isOurs: false, command: (environment, port) => [...start(environment), script(file), `${port}`] };
}

/** Many connections with small messages, and with large ones; and one connection, for the latency. */
export const echoServers: readonly Workload[] = [
  echoWorkload("echo-64", CONNECTIONS, 64),
  echoWorkload("echo-64k", CONNECTIONS, 65_536),
  echoWorkload("echo-latency", 1, 64),
];

function echoWorkload(name: string, connections: number, bytes: number): Workload {
  return {
    name,
    protocol: "tcp",
    occasion: "named",
    describe: ({ settings }) =>
      `${connections} connections to echo servers, ${bytes} bytes there and back, ${settings.seconds} s`,
    metrics: [
      { key: "throughput", label: "messages/s", role: "compared" },
      ...costMetrics(BY_MESSAGE),
      { key: "p50", label: "p50 us", role: "main" },
      { key: "p99", label: "p99 us", role: "detail" },
    ],
    whyNot: () => null,
    subjects: (context) => SERVERS.map((server) => plan(context, server, connections, bytes)),
  };
}

function plan(context: WorkloadContext, server: Server, connections: number, bytes: number): SubjectPlan {
  const { environment, settings } = context;
  const open = async (): Promise<Subject> => {
    const port = await unusedPort();
    const process = startPeerProcess(environment, server.command(environment, port));
    const running = await untilAccepting(process, port);
    const measureFor = (seconds: number): Promise<Sample> => measure(context, running, connections, bytes, seconds);
    return {
      name: server.name,
      isOurs: server.isOurs,
      warmUp: async () => void (await measureFor(settings.warmUpSeconds)),
      measure: () => measureFor(settings.seconds),
      close: () => process.kill(),
    };
  };
  return { name: server.name, isOurs: server.isOurs, open };
}

async function measure(
  { environment }: WorkloadContext,
  { port, process }: RunningPeer,
  connections: number,
  bytes: number,
  seconds: number,
): Promise<Sample> {
  const client = [benchProgram("ping_pong"), `${port}`, `${connections}`, `${bytes}`, `${seconds}`];
  // Nothing is behind an echo server; what is measured as its upstream does nothing.
  const idle = await startEcho(environment);
  try {
    const run = await runLoad(environment, client, seconds, process, idle.process);
    const result = parseResult<PingPongResult>(run.output);
    const messages = result.turns * connections;
    return {
      values: {
        throughput: messages / result.seconds,
        ...costValues(BY_MESSAGE, run, messages),
        p50: result.p50Us,
        p99: result.p99Us,
      },
      notes: run.notes,
      raw: { pingPong: result, proxy: run.proxy, shares: run.shares },
    };
  } finally {
    await idle.process.kill();
  }
}
