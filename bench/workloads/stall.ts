/**
 * Connections of which one side sends as much as it can and the other reads nothing.
 *
 * @module
 */
import { benchProgram } from "../environment.ts";
import { parseResult, type StallResult } from "../load/results.ts";
import { readMemory } from "../measurement/memory.ts";
import { StartedProcess } from "../processes/started.ts";
import { relayNormalTraffic } from "./normal_traffic.ts";
import { freshRelayPlans, type Relay } from "./relay.ts";
import type { Sample, Workload, WorkloadContext } from "./workload.ts";

/** In each direction. */
const CONNECTIONS = 20;
const SAMPLE_MS = 100;
const MIB = 2 ** 20;

/** The workload. */
export const tcpStall: Workload = {
  name: "tcp-stall",
  protocol: "tcp",
  describe: ({ settings }) =>
    `${CONNECTIONS} downloads and ${CONNECTIONS} uploads that nobody reads, ${settings.stallSeconds} s: ` +
    "resident memory of a fresh process",
  metrics: [
    { key: "growth", label: "growth MiB", role: "main" },
    { key: "before", label: "before MiB", role: "detail" },
    { key: "most", label: "most MiB", role: "detail" },
    { key: "uploaded", label: "accepted MiB", role: "detail" },
  ],
  rounds: ({ memoryRounds }) => memoryRounds,
  whyNot: () => null,
  subjects: (context) =>
    freshRelayPlans(context, {
      connections: 2 * CONNECTIONS,
      warmUp: ({ peer }) => relayNormalTraffic(context.environment, peer.port),
      measure: (relay) => measure(context, relay),
    }),
};

async function measure({ environment, settings }: WorkloadContext, { peer }: Relay): Promise<Sample> {
  const { pid } = peer.process;
  const before = readMemory(pid);
  const numbers = [peer.port, CONNECTIONS, CONNECTIONS, settings.stallSeconds].map(String);
  const stall = new StartedProcess([...environment.placement.load, benchProgram("stall"), ...numbers]);
  const series = [before];
  while (!stall.isEnded) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    // What is held once the connections are closed is another matter.
    if (!stall.isEnded) series.push(readMemory(pid));
  }
  if ((await stall.finished).code !== 0) throw stall.failure("failed");
  if (peer.process.isEnded) throw peer.process.failure("ended during the measurement");
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
