/**
 * Servers of JavaScript that answer by themselves.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Environment } from "../environment.ts";
import { type RunningPeer, startPeerProcess, untilAccepting } from "../peers/peer.ts";
import { PERMISSIONS } from "../peers/ringway.ts";
import { unusedPort } from "../processes/ports.ts";

/** A server that is measured. */
export interface BenchServer {
  readonly name: string;
  readonly isOurs: boolean;
  /** Start it. Resolves when it accepts connections. */
  start(environment: Environment): Promise<RunningPeer>;
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function server(
  name: string,
  isOurs: boolean,
  command: (environment: Environment, port: string) => readonly string[],
): BenchServer {
  return {
    name,
    isOurs,
    start: async (environment) => {
      const port = await unusedPort();
      return untilAccepting(startPeerProcess(environment, command(environment, `${port}`)), port);
    },
  };
}

const OURS = script("ringway_serve.ts");
const THREADS = script("ringway_threads.ts");

/** In the order in which they are measured and reported. */
export const SERVERS: readonly BenchServer[] = [
  server("serve-bun", true, ({ tools }, port) => [tools.bun, OURS, port]),
  server("serve-deno", true, ({ tools }, port) => [tools.deno, "run", ...PERMISSIONS, OURS, port]),
  server("serve-bun-thread", true, ({ tools }, port) => [tools.bun, THREADS, port]),
  server("serve-deno-thread", true, ({ tools }, port) => [tools.deno, "run", ...PERMISSIONS, THREADS, port]),
  server("serve-bun-default", true, ({ tools }, port) => [tools.bun, OURS, port, "default"]),
  server("serve-deno-default", true, ({ tools }, port) => [tools.deno, "run", ...PERMISSIONS, OURS, port, "default"]),
  server("Bun.serve", false, ({ tools }, port) => [tools.bun, script("bun_serve.ts"), port]),
  server("Deno.serve", false, ({ tools }, port) => [tools.deno, "run", "--allow-net", script("deno_serve.ts"), port]),
  server("node:http", false, (_environment, port) => ["node", script("node_http.mjs"), port]),
  server("node:http-bun", false, ({ tools }, port) => [tools.bun, script("node_http.mjs"), port]),
  server("node:http-deno", false, ({ tools }, port) => [tools.deno, "run", "-A", script("node_http.mjs"), port]),
];
