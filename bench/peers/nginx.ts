/**
 * nginx's stream proxy.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Environment, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { fill } from "../template.ts";
import { findStreamModule } from "./nginx_module.ts";
import { type Peer, type RelayOptions, type RunningPeer, startPeerProcess, untilAccepting } from "./peer.ts";

const TEMPLATE = new URL("nginx_stream.conf", import.meta.url);

/** nginx as a peer. */
export const nginxPeer: Peer = {
  name: "nginx",
  isOurs: false,
  isReference: false,
  isDefault: true,
  whyNot: (environment) => whyMissing(environment, "nginx", "nginx's stream module"),
  start,
};

async function start(environment: Environment, options: RelayOptions): Promise<RunningPeer> {
  const listen = await unusedPort();
  const name = `nginx-stream-${listen}.conf`;
  const module = findStreamModule() ?? "";
  const path = await environment.write(name, "");
  const config = fill(await readFile(TEMPLATE, "utf8"), {
    load_stream: module === "" ? "" : `load_module ${module};`,
    folder: dirname(path),
    worker_connections: workerConnections(options.connections, environment.descriptors.limit),
    listen,
    upstream: options.upstreamPort,
  });
  await environment.write(name, config);
  return untilAccepting(startPeerProcess(environment, nginxCommand(path)), listen);
}

/** nginx with a configuration, and without what its package configures. */
export function nginxCommand(config: string): string[] {
  return ["nginx", "-p", dirname(config), "-e", "stderr", "-c", config];
}

/** Descriptors besides those of connections. */
const OTHER_DESCRIPTORS = 100;
const LEAST_CONNECTIONS = 1024;

/** Two for each relayed connection, and not more than it may open. */
export function workerConnections(connections: number, descriptors: number): number {
  const wanted = 2 * Math.max(connections + OTHER_DESCRIPTORS, LEAST_CONNECTIONS);
  return Math.min(wanted, descriptors);
}
