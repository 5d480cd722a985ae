/**
 * Servers of JavaScript that answer by themselves, without a proxy: `serve` beside those of the runtimes.
 *
 * @module
 */
import { whyMissing } from "../environment.ts";
import type { RunningPeer } from "../peers/peer.ts";
import { type BenchServer, SERVERS } from "../servers/catalog.ts";
import { requestMetrics } from "./cost.ts";
import type { Subject, SubjectPlan, Workload, WorkloadContext } from "./workload.ts";
import { measureWrk, type WrkLoad } from "./wrk.ts";

/** A workload of servers; it is measured only if it is named, on all of them. */
export function serveWorkload(name: string, what: string, request: WrkLoad["request"]): Workload {
  const load: WrkLoad = { request, connections: 64, by: "request" };
  return {
    name,
    protocol: "http",
    occasion: "named",
    // They are no proxies.
    usualPeers: [],
    describe: ({ settings }) => `wrk to servers: 64 connections, ${what}, keep-alive, ${settings.seconds} s`,
    metrics: requestMetrics({ unit: "request", time: "us" }),
    whyNot: (environment) => whyMissing(environment, "wrk"),
    subjects: (context) => SERVERS.map((server) => plan(context, server, load)),
  };
}

function plan(context: WorkloadContext, server: BenchServer, load: WrkLoad): SubjectPlan {
  const { name, isOurs } = server;
  const open = async (): Promise<Subject> => {
    const peer: RunningPeer = await server.start(context.environment);
    return {
      name,
      isOurs,
      warmUp: async () =>
        void (await measureWrk(context, load, { peer, upstream: null }, context.settings.warmUpSeconds)),
      measure: () => measureWrk(context, load, { peer, upstream: null }, context.settings.seconds),
      close: async () => void (await peer.process.kill()),
    };
  };
  return { name, isOurs, open };
}
