/**
 * Envoy as a TCP proxy and as a reverse proxy: as it is, on io_uring, and on io_uring with multishot receives.
 *
 * @module
 */
import { readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Environment, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { fill } from "../template.ts";
import { ENVOY } from "./envoy_install.ts";
import {
  type Peer,
  type Protocol,
  type RelayOptions,
  type RunningPeer,
  startPeerProcess,
  untilAccepting,
} from "./peer.ts";

/** How it moves bytes. */
export type EnvoySockets = "epoll" | "uring" | "multishot";

/** What is added to the configuration. */
const SOCKETS: Readonly<Record<EnvoySockets, string | null>> = {
  epoll: null,
  uring: "envoy_io_uring.yaml",
  multishot: "envoy_multishot.yaml",
};

const NAMES: Readonly<Record<EnvoySockets, string>> = {
  epoll: "envoy",
  uring: "envoy-uring",
  multishot: "envoy-multishot",
};

/** Envoy as a peer. */
export function envoyPeer(protocol: Protocol, sockets: EnvoySockets): Peer {
  return {
    name: NAMES[sockets],
    protocol,
    isOurs: false,
    isReference: false,
    isDefault: true,
    hasWorkers: true,
    needs: ["envoy"],
    whyNot: (environment) => whyMissing(environment, "envoy"),
    start: (environment, options) => start(environment, protocol, sockets, options),
  };
}

async function start(
  environment: Environment,
  protocol: Protocol,
  sockets: EnvoySockets,
  { upstreamPort, workers = 1 }: RelayOptions,
): Promise<RunningPeer> {
  const listen = await unusedPort();
  const config = await envoyConfig(protocol, sockets, { listen, upstream: upstreamPort });
  const path = await environment.write(`envoy-${listen}.yaml`, config);
  const options = ["--concurrency", `${workers}`, "--disable-hot-restart", "--log-level", "error"];
  const running = await untilAccepting(startPeerProcess(environment, [ENVOY, "-c", path, ...options]), listen);
  if (sockets === "epoll" || hasRing(running.process.pid)) return running;
  await running.process.stop();
  throw running.process.failure("runs without io_uring");
}

/** A configuration file. A version that does not know a setting refuses the file and says so. */
export async function envoyConfig(
  protocol: Protocol,
  sockets: EnvoySockets,
  ports: { readonly listen: number; readonly upstream: number },
): Promise<string> {
  const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");
  const relay = fill(await read(`envoy_${protocol}.yaml`), ports);
  return SOCKETS[sockets] === null ? relay : `${relay}${await read(SOCKETS[sockets])}`;
}

/** Where the kernel refuses io_uring, Envoy goes on without it and does not say so. */
function hasRing(pid: number): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((descriptor) => linkOf(`${folder}/${descriptor}`).includes("[io_uring]"));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
