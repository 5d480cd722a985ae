/**
 * All peers.
 *
 * @module
 */
import { haproxyPeer } from "./haproxy.ts";
import { nginxHttpPeer, nginxPeer } from "./nginx.ts";
import type { Peer, Protocol } from "./peer.ts";
import { ringwayPeer } from "./ringway.ts";

/** In the order in which they are measured and reported. */
export const PEERS: readonly Peer[] = [
  ...ringwayPeers("tcp"),
  nginxPeer,
  haproxyPeer("tcp"),
  ...ringwayPeers("http"),
  nginxHttpPeer,
  haproxyPeer("http"),
];

function ringwayPeers(protocol: Protocol): Peer[] {
  return (["uring", "default"] as const).flatMap((driver) =>
    (["bun", "deno"] as const).map((runtime) => ringwayPeer({ protocol, runtime, driver })),
  );
}
