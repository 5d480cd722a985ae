/**
 * System calls per request, in runs of their own: counting them changes what is counted.
 *
 * @module
 */
import { startFortioEcho } from "../backends/fortio_echo.ts";
import { whyMissing } from "../environment.ts";
import { fortioCommand } from "../load/fortio.ts";
import { parseFortio } from "../load/fortio_result.ts";
import { countSystemCalls, whyNotCounted } from "../measurement/system_calls.ts";
import type { Protocol } from "../peers/peer.ts";
import { runToEnd } from "../processes/started.ts";
import { type Relay, relayPlans } from "./relay.ts";
import type { Sample, Workload, WorkloadContext } from "./workload.ts";

const CONNECTIONS = 64;
const BODY_BYTES = 4096;
const REQUESTS = 5000;
const TIMEOUT_MS = 120_000;

/** Through TCP relays. */
export const tcpSyscalls: Workload = syscallsWorkload("syscalls-tcp", "tcp", "TCP relays");

/** Through HTTP reverse proxies. */
export const httpSyscalls: Workload = syscallsWorkload("syscalls-http", "http", "HTTP reverse proxies");

function syscallsWorkload(name: string, protocol: Protocol, proxies: string): Workload {
  return {
    name,
    protocol,
    occasion: "named",
    needs: ["strace"],
    describe: () =>
      `fortio through ${proxies} to an echo: ${REQUESTS} requests on ${CONNECTIONS} connections, POST of ` +
      `${BODY_BYTES / 1024} KiB, while the proxy's system calls are counted`,
    metrics: [
      { key: "calls", label: "system calls/request", role: "compared" },
      { key: "throughput", label: "requests/s", role: "detail" },
    ],
    rounds: () => 1,
    whyNot: (environment) => whyMissing(environment, "fortio") ?? whyNotCounted(),
    subjects: (context) =>
      relayPlans(context, {
        connections: CONNECTIONS,
        startUpstream: () => startFortioEcho(context.environment),
        warmUp: async ({ peer }) => void (await runToEnd(fortio(context, peer.port, null), TIMEOUT_MS)),
        measure: (relay) => measure(context, relay),
      }),
  };
}

function fortio({ environment, settings }: WorkloadContext, port: number, requests: number | null): string[] {
  const load = { connections: CONNECTIONS, bodyBytes: BODY_BYTES, requestsPerSecond: null };
  return [
    ...environment.placement.load,
    ...fortioCommand(port, { ...load, seconds: settings.warmUpSeconds, requests }),
  ];
}

async function measure(context: WorkloadContext, { peer }: Relay): Promise<Sample> {
  const { calls, byName, method, output } = await countSystemCalls(peer.process, () =>
    runToEnd(fortio(context, peer.port, REQUESTS), TIMEOUT_MS),
  );
  const result = parseFortio(output, { connections: CONNECTIONS, bodyBytes: BODY_BYTES });
  const values = { calls: calls / result.requests, throughput: result.requests / result.seconds };
  return { values, notes: [`counted with ${method}`], raw: { calls, byName, fortio: result } };
}
