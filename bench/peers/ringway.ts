/**
 * ringway itself, by runtime, driver and protocol.
 *
 * @module
 */
import type { Environment } from "../environment.ts";
import { type Peer, type Protocol, type RelayOptions, type RunningPeer, startPeerProcess } from "./peer.ts";

/** Where it runs, how it moves bytes, and what it relays. */
export interface RingwayVariant {
  readonly protocol: Protocol;
  readonly runtime: "bun" | "deno";
  readonly driver: "uring" | "default";
}

/** The permissions of the task in deno.json. */
export const PERMISSIONS: readonly string[] = [
  "--allow-ffi",
  "--allow-net",
  "--allow-read",
  "--allow-env",
  "--allow-sys",
];

/** The command line of the runtime for the proxy, without a task or npx in between. */
export function ringwayCommand({ tools }: Environment, runtime: "bun" | "deno"): string[] {
  if (runtime === "bun") return [tools.bun, "run", "./proxy.ts"];
  return [tools.deno, "run", ...PERMISSIONS, "./proxy.ts"];
}

/** ringway as a peer. */
export function ringwayPeer(variant: RingwayVariant): Peer {
  const { protocol, runtime, driver } = variant;
  return {
    name: driver === "uring" ? `ringway-${runtime}` : `ringway-${runtime}-${driver}`,
    protocol,
    isOurs: true,
    isReference: false,
    isDefault: driver === "uring",
    hasWorkers: true,
    whyNot: () => null,
    start: (environment, options) => start(environment, variant, options),
  };
}

async function start(
  environment: Environment,
  { protocol, runtime, driver }: RingwayVariant,
  { upstreamPort, workers = 1, ringwayOptions = [] }: RelayOptions,
): Promise<RunningPeer> {
  const process = startPeerProcess(environment, [
    ...ringwayCommand(environment, runtime),
    "--listen=127.0.0.1:0",
    `--to=${protocol}://127.0.0.1:${upstreamPort}`,
    `--workers=${workers}`,
    `--socket-interface=${driver}`,
    "--log-level=error",
    ...ringwayOptions,
  ]);
  try {
    await process.untilPrinted("\n");
  } catch (error) {
    await process.stop();
    throw error;
  }
  return { process, port: parseReadyPort(process.out) };
}

/** The port in ringway's ready line. */
export function parseReadyPort(line: string): number {
  const [, port] = / ready: 127\.0\.0\.1:(\d+) -> /.exec(line) ?? [];
  if (port === undefined) throw new Error(`Not ringway's ready line: ${line}`);
  return Number(port);
}
