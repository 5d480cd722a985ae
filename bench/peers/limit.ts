/**
 * The limit: a relay in Zig alone, which does with io_uring what ringway's workers do, and nothing else.
 *
 * @module
 */
import { benchProgram, whyMissing } from "../environment.ts";
import { unusedPort } from "../processes/ports.ts";
import { type Peer, type Protocol, startPeerProcess, untilAccepting } from "./peer.ts";

/** `limit/limit.zig` as a peer. */
export function limitPeer(protocol: Protocol): Peer {
  return {
    name: "limit",
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
      return untilAccepting(startPeerProcess(environment, [benchProgram("limit"), ...numbers]), listen);
    },
  };
}
