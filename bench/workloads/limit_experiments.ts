/**
 * What else can be done with io_uring, tried where that is cheap: on the limit. Each experiment is divided by the limit
 * without any.
 *
 * @module
 */
import { LIMIT, limitPeers } from "../peers/limit.ts";
import type { Protocol } from "../peers/peer.ts";
import { postWorkload } from "./http_post.ts";
import { churnWorkload } from "./tcp_churn.ts";
import type { Workload } from "./workload.ts";
import { wrkWorkload } from "./wrk.ts";

/** Small messages, large ones, short connections, and the talk's requests. */
export const limitExperiments: readonly Workload[] = [
  wrkWorkload({
    ...experiments("sweep-limit-tcp-4k", "tcp"),
    connections: 64,
    by: "request",
    request: { file: "4k" },
  }),
  wrkWorkload({
    ...experiments("sweep-limit-tcp-10m", "tcp"),
    connections: 16,
    by: "byte",
    request: { file: "10m" },
  }),
  churnWorkload(experiments("sweep-limit-tcp-churn", "tcp")),
  postWorkload(experiments("sweep-limit-http-post", "http")),
];

function experiments(name: string, protocol: Protocol) {
  const usualPeers = limitPeers(protocol).map((peer) => peer.name);
  return { name, protocol, occasion: "named", usualPeers, baseline: LIMIT } as const;
}
