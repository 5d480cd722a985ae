/**
 * All workloads.
 *
 * @module
 */
import { start } from "./start.ts";
import { tcpChurn } from "./tcp_churn.ts";
import { tcpHttp } from "./tcp_http.ts";
import { tcpIdle } from "./tcp_idle.ts";
import { tcpLatency } from "./tcp_latency.ts";
import { tcpStall } from "./tcp_stall.ts";
import type { Workload } from "./workload.ts";

/** In the order in which they are measured and reported. */
export const WORKLOADS: readonly Workload[] = [
  tcpHttp({ name: "tcp-4k", file: "4k", connections: 64, by: "request" }),
  tcpHttp({ name: "tcp-64k", file: "64k", connections: 16, by: "byte" }),
  tcpHttp({ name: "tcp-10m", file: "10m", connections: 16, by: "byte" }),
  tcpChurn,
  tcpStall,
  tcpIdle,
  tcpLatency,
  start,
];
