/**
 * HAProxy in TCP mode.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { type Environment, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { fill } from "../template.ts";
import { type Peer, type RelayOptions, type RunningPeer, startPeerProcess, untilAccepting } from "./peer.ts";

const TEMPLATE = new URL("haproxy.cfg", import.meta.url);

/** HAProxy as a peer. */
export const haproxyPeer: Peer = {
  name: "haproxy",
  isOurs: false,
  isReference: false,
  isDefault: true,
  whyNot: (environment) => whyMissing(environment, "haproxy"),
  start,
};

async function start(environment: Environment, options: RelayOptions): Promise<RunningPeer> {
  const listen = await unusedPort();
  const { maxconn, maxpipes } = haproxyLimits(options.connections, environment.descriptors.limit);
  const values = { maxconn, maxpipes, listen, upstream: options.upstreamPort };
  const path = await environment.write(`haproxy-${listen}.cfg`, fill(await readFile(TEMPLATE, "utf8"), values));
  return untilAccepting(startPeerProcess(environment, ["haproxy", "-db", "-f", path]), listen);
}

/** Listeners, epoll, checks and what it reserves. */
const OTHER_DESCRIPTORS = 150;
const SPARE_CONNECTIONS = 50;
const LEAST_CONNECTIONS = 1024;

/** Two descriptors for each connection and for each pipe have to fit, or it does not start. */
export function haproxyLimits(connections: number, descriptors: number): { maxconn: number; maxpipes: number } {
  const maxconn = Math.max(connections + SPARE_CONNECTIONS, LEAST_CONNECTIONS);
  const left = Math.floor((descriptors - 2 * maxconn - OTHER_DESCRIPTORS) / 2);
  return { maxconn, maxpipes: Math.max(Math.min(Math.floor(maxconn / 4), left), 0) };
}
