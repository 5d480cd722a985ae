/**
 * nginx's stream proxy and its HTTP reverse proxy.
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

const STREAM = new URL("nginx_stream.conf", import.meta.url);
const HTTP = new URL("nginx_http_proxy.conf", import.meta.url);

const SHARED = { name: "nginx", isOurs: false, isReference: false, isDefault: true, hasWorkers: true } as const;

/** nginx as a peer that relays connections. */
export const nginxPeer: Peer = {
  ...SHARED,
  protocol: "tcp",
  whyNot: (environment) => whyMissing(environment, "nginx", "nginx's stream module"),
  start: (environment, options) => {
    const module = findStreamModule() ?? "";
    return start(environment, options, STREAM, { load_stream: module === "" ? "" : `load_module ${module};` });
  },
};

/** nginx as a peer that relays requests. */
export const nginxHttpPeer: Peer = {
  ...SHARED,
  protocol: "http",
  whyNot: (environment) => whyMissing(environment, "nginx"),
  start: (environment, options) => start(environment, options, HTTP, {}),
};

async function start(
  environment: Environment,
  options: RelayOptions,
  template: URL,
  values: Readonly<Record<string, string>>,
): Promise<RunningPeer> {
  const listen = await unusedPort();
  const name = `nginx-${listen}.conf`;
  const path = await environment.write(name, "");
  const config = fill(await readFile(template, "utf8"), {
    ...values,
    folder: dirname(path),
    workers: options.workers ?? 1,
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
