/**
 * All workloads.
 *
 * @module
 */
import { httpPost } from "./http_post.ts";
import { httpRate } from "./http_rate.ts";
import { httpIdle, tcpIdle } from "./idle.ts";
import { httpStall, tcpStall } from "./stall.ts";
import { start } from "./start.ts";
import { tcpChurn } from "./tcp_churn.ts";
import { tcpLatency } from "./tcp_latency.ts";
import type { Workload } from "./workload.ts";
import { wrkWorkload } from "./wrk.ts";

const UPLOAD_BYTES = 10 * 2 ** 20;

/** In the order in which they are measured and reported. */
export const WORKLOADS: readonly Workload[] = [
  wrkWorkload({ name: "tcp-4k", protocol: "tcp", request: { file: "4k" }, connections: 64, by: "request" }),
  wrkWorkload({ name: "tcp-64k", protocol: "tcp", request: { file: "64k" }, connections: 16, by: "byte" }),
  wrkWorkload({ name: "tcp-10m", protocol: "tcp", request: { file: "10m" }, connections: 16, by: "byte" }),
  tcpChurn,
  tcpStall,
  tcpIdle,
  tcpLatency,
  wrkWorkload({ name: "http-4k", protocol: "http", request: { file: "4k" }, connections: 64, by: "request" }),
  httpPost,
  wrkWorkload({ name: "http-10m", protocol: "http", request: { file: "10m" }, connections: 16, by: "byte" }),
  wrkWorkload({
    name: "http-upload",
    protocol: "http",
    request: { uploadBytes: UPLOAD_BYTES },
    // Few: only whole uploads are counted, and each connection has one that is not when the time is over.
    connections: 8,
    by: "byte",
  }),
  httpRate,
  httpStall,
  httpIdle,
  start,
];
