/**
 * The limit: a relay in Zig alone, which does with io_uring what ringway's workers do, and nothing else; and what else
 * can be done with io_uring, one experiment each.
 *
 * @module
 */
import { benchProgram, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { type Peer, type Protocol, startPeerProcess, untilAccepting } from "./peer.ts";

/** The limit without experiments. */
export const LIMIT = "limit";

/** Longer than a request takes to come, shorter than anybody notices. */
const MIN_WAIT_US = 50;

/** The options of `limit/options.zig`, by what is behind `limit-` in a peer's name. */
const EXPERIMENTS: Readonly<Record<string, readonly string[]>> = {
  "zero-copy": ["--zero-copy"],
  bundles: ["--bundles"],
  incremental: ["--incremental"],
  "skip-success": ["--skip-success"],
  direct: ["--direct"],
  "min-wait": [`--min-wait=${MIN_WAIT_US}`],
};

/** `limit/limit.zig` as a peer, and with each experiment as others. */
export function limitPeers(protocol: Protocol): Peer[] {
  const experiments = Object.entries(EXPERIMENTS).map(([name, options]) => ({
    ...limitPeer(protocol, `${LIMIT}-${name}`, options),
    isDefault: false,
  }));
  return [limitPeer(protocol, LIMIT, []), ...experiments];
}

function limitPeer(protocol: Protocol, name: string, options: readonly string[]): Peer {
  return {
    name,
    protocol,
    isOurs: false,
    isReference: false,
    isDefault: true,
    // It knows no chunks.
    isPartial: protocol === "http",
    needs: ["limit"],
    whyNot: (environment) => whyMissing(environment, "limit"),
    start: async (environment, { upstreamPort }) => {
      const listen = await unusedPort();
      const numbers = [listen, upstreamPort, protocol === "http" ? 1 : 0].map(String);
      const command = [benchProgram("limit"), ...numbers, ...options];
      return untilAccepting(startPeerProcess(environment, command), listen);
    },
  };
}
