/**
 * What JavaScript users run today: `Bun.serve` and `Deno.serve` with `fetch`, `node:http` with httpxy.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Environment, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { HTTPXY } from "./httpxy_install.ts";
import { type Peer, startPeerProcess, untilAccepting } from "./peer.ts";

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A peer whose command takes its port and the upstream's as the last arguments. */
function scriptPeer(name: string, command: (environment: Environment) => readonly string[]): Peer {
  return {
    name,
    protocol: "http",
    isOurs: false,
    isReference: false,
    isDefault: true,
    whyNot: () => null,
    start: async (environment, { upstreamPort }) => {
      const listen = await unusedPort();
      const ports = [`${listen}`, `${upstreamPort}`];
      return untilAccepting(startPeerProcess(environment, [...command(environment), ...ports]), listen);
    },
  };
}

/** All of them. They have one worker: none of them shares a port without more processes. */
export const scriptPeers: readonly Peer[] = [
  scriptPeer("bun-serve", ({ tools }) => [tools.bun, script("bun_serve.ts")]),
  scriptPeer("deno-serve", ({ tools }) => [tools.deno, "run", "--allow-net", script("deno_serve.ts")]),
  {
    ...scriptPeer("node-httpxy", () => ["node", script("httpxy/server.mjs"), HTTPXY]),
    needs: ["httpxy"],
    whyNot: (environment) => whyMissing(environment, "httpxy"),
  },
];
