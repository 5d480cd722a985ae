/**
 * The addresses on which a configuration listens.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import type { ListenAddress } from "./listener_set.ts";
import type { NameServer } from "./name_server.ts";
import { resolveTarget } from "./resolve.ts";
import type { ServerConfig } from "./server_config.ts";

/** One for each `listen`; of a name, its first address. Throws a ResolveError. */
export async function resolveListen(config: ServerConfig, nameServer: NameServer): Promise<ListenAddress[]> {
  const wanted = config.listeners.flatMap(({ listen, reusePort }, owner) => {
    return listen.map((target) => ({ target, owner, reusePort }));
  });
  return await Promise.all(
    wanted.map(async ({ target, owner, reusePort }) => {
      const [address] = await resolveTarget(target, nameServer);
      if (address !== undefined) return { address, owner, reusePort };
      const failure = { code: "ERR_RESOLVE", source: "internal", operation: "listen" } as const;
      throw new RingwayError("Cannot listen: the name resolves to no address", failure);
    }),
  );
}
