/**
 * A port to which connecting hangs: its listener accepts nothing and its backlog is full.
 *
 * @module
 */
import { createConnection, type Socket } from "node:net";
import { LISTEN_FLAG_REUSE_PORT } from "../../ffi/abi.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { encodeAddress, ipAddress } from "../../lib/net/address.ts";
import { boundAddress } from "../../lib/net/uring/driver.ts";

/** A port that does not answer. */
export interface FullBacklog {
  readonly port: number;
  close(): void;
}

/** Listen with the shortest backlog, and fill it. The runtimes' own listeners accept at once. */
export async function startFullBacklog(): Promise<FullBacklog> {
  const library = await loadLibrary();
  const address = encodeAddress(ipAddress("127.0.0.1", 0));
  const descriptor = library.functions.ringway_socket_listen(address, address.length, 0, LISTEN_FLAG_REUSE_PORT);
  const bound = boundAddress(library, descriptor);
  if (bound === null || bound.family === "unix") throw new Error("no port");
  const fillers: Socket[] = [];
  // A backlog of 0 lets one connection in; the kernel drops the SYN of those that come after a second.
  for (let i = 0; i < 4; i++) {
    const filler = createConnection({ host: "127.0.0.1", port: bound.port });
    filler.on("error", () => {});
    fillers.push(filler);
  }
  await new Promise((resolve) => fillers[0]?.once("connect", resolve));
  return {
    port: bound.port,
    close() {
      for (const filler of fillers) filler.destroy();
      library.functions.ringway_socket_close(descriptor);
    },
  };
}
