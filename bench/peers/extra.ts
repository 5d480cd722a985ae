/**
 * A proxy given on the command line: `NAME=COMMAND` with `{listen}` and `{upstream}` for port numbers.
 *
 * @module
 */
import { unusedPort } from "../processes/ports.ts";
import { fill } from "../template.ts";
import { type Peer, type Protocol, startPeerProcess, untilAccepting } from "./peer.ts";

/** Read `NAME=COMMAND`. Throws a `TypeError` that says what is wrong with it. */
export function parseExtra(text: string, protocol: Protocol): Peer {
  const [, name, command] = /^([\w.-]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || command === undefined) throw new TypeError(`"${text}" is not NAME=COMMAND`);
  for (const place of ["{listen}", "{upstream}"]) {
    if (!command.includes(place)) throw new TypeError(`The command of ${name} has no ${place}`);
  }
  fill(command, { listen: 0, upstream: 0 });
  return {
    name,
    protocol,
    isOurs: false,
    isReference: true,
    isDefault: true,
    whyNot: () => null,
    start: async (environment, { upstreamPort }) => {
      const listen = await unusedPort();
      const filled = fill(command, { listen, upstream: upstreamPort });
      return untilAccepting(startPeerProcess(environment, ["sh", "-c", `exec ${filled}`]), listen);
    },
  };
}
