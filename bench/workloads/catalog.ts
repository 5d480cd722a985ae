/**
 * All workloads.
 *
 * @module
 */
import { echoServers } from "./echo_servers.ts";
import { firstByte } from "./first_byte.ts";
import { httpPost, tcpPost } from "./http_post.ts";
import { httpRate } from "./http_rate.ts";
import { httpIdle, httpIdleSome, tcpIdle, tcpIdleSome } from "./idle.ts";
import { limitExperiments } from "./limit_experiments.ts";
import { micro } from "./micro.ts";
import { serveWorkload } from "./serve.ts";
import { httpStall, tcpStall } from "./stall.ts";
import { start } from "./start.ts";
import { sweepConnections, sweepOptions, workers } from "./sweeps.ts";
import { httpSyscalls, tcpSyscalls } from "./syscalls.ts";
import { tcpChurn } from "./tcp_churn.ts";
import { tcpLatency } from "./tcp_latency.ts";
import { peerNames } from "./usual_peers.ts";
import type { Workload } from "./workload.ts";
import { wrkWorkload } from "./wrk.ts";

const UPLOAD_BYTES = 10 * 2 ** 20;

const SMALL = { connections: 64, by: "request" } as const;
const LARGE = { connections: 16, by: "byte" } as const;
const TCP = { protocol: "tcp" } as const;
const HTTP = { protocol: "http" } as const;
const ON_FEW = { occasion: "always", quickPeers: peerNames("classic") } as const;
const ON_NEAREST = { occasion: "always", quickPeers: peerNames("bare") } as const;

/** In the order in which they are measured and reported. */
export const WORKLOADS: readonly Workload[] = [
  wrkWorkload({ name: "tcp-4k", ...TCP, ...SMALL, ...ON_NEAREST, request: { file: "4k" } }),
  wrkWorkload({ name: "tcp-64k", ...TCP, ...LARGE, request: { file: "64k" } }),
  wrkWorkload({ name: "tcp-10m", ...TCP, ...LARGE, ...ON_FEW, request: { file: "10m" } }),
  tcpChurn,
  tcpStall,
  tcpIdle,
  tcpIdleSome,
  tcpLatency,
  wrkWorkload({ name: "http-0", ...HTTP, ...SMALL, request: { file: "0" } }),
  wrkWorkload({ name: "http-4k", ...HTTP, ...SMALL, ...ON_FEW, request: { file: "4k" } }),
  wrkWorkload({ name: "http-64k", ...HTTP, ...LARGE, request: { file: "64k" } }),
  httpPost,
  wrkWorkload({ name: "http-10m", ...HTTP, ...LARGE, ...ON_FEW, request: { file: "10m" } }),
  wrkWorkload({
    name: "http-upload",
    ...HTTP,
    request: { uploadBytes: UPLOAD_BYTES },
    // Few: only whole uploads are counted, and each connection has one that is not when the time is over.
    connections: 8,
    by: "byte",
  }),
  httpRate,
  httpStall,
  httpIdle,
  httpIdleSome,
  start,
  wrkWorkload({ name: "tcp-0", ...TCP, ...SMALL, occasion: "named", request: { file: "0" } }),
  tcpPost,
  // Not on the limit: it does not see that a connection is to be closed.
  wrkWorkload({
    ...{ name: "http-churn", ...HTTP, ...SMALL, occasion: "named", usualPeers: peerNames("talk") },
    request: { file: "4k" },
    closes: true,
  }),
  tcpSyscalls,
  httpSyscalls,
  sweepConnections,
  workers,
  ...sweepOptions,
  ...limitExperiments,
  ...echoServers,
  firstByte,
  serveWorkload("serve-hello", "GET of 5 B", { file: "0" }),
  serveWorkload("serve-4k", "GET of 4 KiB", { file: "4k" }),
  serveWorkload("serve-post", "POST of 4 KiB, which is sent back", { uploadBytes: 4096 }),
  micro,
];
