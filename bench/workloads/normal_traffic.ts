/**
 * What a proxy relays before its memory is looked at: so that what it needs once, for code and for its first
 * connections, is not taken for what stalled or idle connections need.
 *
 * @module
 */
import { benchProgram, type Environment } from "../environment.ts";
import type { Protocol } from "../peers/peer.ts";
import { runToEnd } from "../processes/started.ts";

const SECONDS = 1;
const TIMEOUT_MS = 30_000;
const CONNECTIONS = 16;
const MESSAGE_BYTES = 16_384;

/** Relay medium-sized messages or responses, and connections that are closed after a small one. */
export async function relayNormalTraffic({ placement }: Environment, protocol: Protocol, port: number): Promise<void> {
  const programs = protocol === "http" ? httpPrograms(port) : tcpPrograms(port);
  for (const program of programs) await runToEnd([...placement.load, ...program], TIMEOUT_MS);
  // Until what was closed is cleared away.
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
}

/** Against `programs/echo.zig`. */
function tcpPrograms(port: number): string[][] {
  return [
    [benchProgram("ping_pong"), `${port}`, `${CONNECTIONS}`, `${MESSAGE_BYTES}`, `${SECONDS}`],
    [benchProgram("churn"), `${port}`, `${CONNECTIONS}`, `${SECONDS}`],
  ];
}

/** Against nginx with files. */
function httpPrograms(port: number): string[][] {
  const wrk = ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`];
  return [
    [...wrk, `http://127.0.0.1:${port}/64k`],
    [...wrk, "-H", "Connection: close", `http://127.0.0.1:${port}/4k`],
  ];
}
