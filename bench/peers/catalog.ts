/**
 * All peers.
 *
 * @module
 */
import { haproxyPeer } from "./haproxy.ts";
import { nginxPeer } from "./nginx.ts";
import type { Peer } from "./peer.ts";
import { ringwayPeer } from "./ringway.ts";

/** In the order in which they are measured and reported. */
export const PEERS: readonly Peer[] = [
  ringwayPeer({ runtime: "bun", driver: "uring" }),
  ringwayPeer({ runtime: "deno", driver: "uring" }),
  ringwayPeer({ runtime: "bun", driver: "default" }),
  ringwayPeer({ runtime: "deno", driver: "default" }),
  nginxPeer,
  haproxyPeer,
];
