/**
 * All peers.
 *
 * @module
 */
import { envoyPeer } from "./envoy.ts";
import { haproxyPeer } from "./haproxy.ts";
import { limitPeers } from "./limit.ts";
import { nginxHttpPeer, nginxPeer } from "./nginx.ts";
import type { Peer, Protocol } from "./peer.ts";
import { ringwayPeer } from "./ringway.ts";
import { scriptPeers } from "./script_proxies.ts";

/** In the order in which they are measured and reported. */
export const PEERS: readonly Peer[] = [
  ...ringwayPeers("tcp"),
  nginxPeer,
  haproxyPeer("tcp"),
  ...envoyPeers("tcp"),
  ...limitPeers("tcp"),
  ...ringwayPeers("http"),
  nginxHttpPeer,
  haproxyPeer("http"),
  ...envoyPeers("http"),
  ...scriptPeers,
  ...limitPeers("http"),
];

function ringwayPeers(protocol: Protocol): Peer[] {
  return (["uring", "default"] as const).flatMap((driver) =>
    (["bun", "deno"] as const).map((runtime) => ringwayPeer({ protocol, runtime, driver })),
  );
}

function envoyPeers(protocol: Protocol): Peer[] {
  return (["epoll", "uring", "multishot"] as const).map((sockets) => envoyPeer(protocol, sockets));
}
