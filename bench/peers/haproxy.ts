/**
 * HAProxy in TCP mode and in HTTP mode.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { type Environment, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { fill } from "../template.ts";
import {
  type Peer,
  type Protocol,
  type RelayOptions,
  type RunningPeer,
  startPeerProcess,
  untilAccepting,
} from "./peer.ts";

const TEMPLATES: Readonly<Record<Protocol, URL>> = {
  tcp: new URL("haproxy.cfg", import.meta.url),
  http: new URL("haproxy_http.cfg", import.meta.url),
};

/** HAProxy as a peer. */
export function haproxyPeer(protocol: Protocol): Peer {
  return {
    name: "haproxy",
    protocol,
    isOurs: false,
    isReference: false,
    isDefault: true,
    hasWorkers: true,
    whyNot: (environment) => whyMissing(environment, "haproxy"),
    start: (environment, options) => start(environment, options, TEMPLATES[protocol]),
  };
}

async function start(environment: Environment, options: RelayOptions, template: URL): Promise<RunningPeer> {
  const listen = await unusedPort();
  const { maxconn, maxpipes } = haproxyLimits(options.connections, environment.descriptors.limit);
  const values = { workers: options.workers ?? 1, maxconn, maxpipes, listen, upstream: options.upstreamPort };
  const path = await environment.write(`haproxy-${listen}.cfg`, fill(await readFile(template, "utf8"), values));
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
