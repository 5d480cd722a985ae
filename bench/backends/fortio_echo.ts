/**
 * fortio's HTTP server, which sends back the bodies that it gets.
 *
 * @module
 */
import type { Environment } from "../environment.ts";
import { FORTIO } from "../load/fortio.ts";
import { untilAccepting } from "../peers/peer.ts";
import { unusedPort } from "../processes/ports.ts";
import { StartedProcess } from "../processes/started.ts";
import type { Upstream } from "./upstream.ts";

const OTHER_SERVERS = ["grpc", "redirect", "tcp", "udp"].flatMap((name) => [`-${name}-port`, "disabled"]);
/** By default it would close the connections of a peer while the others are measured. */
const OPTIONS = ["-quiet", "-server-idle-timeout", "1h", ...OTHER_SERVERS];

/** Start it. */
export async function startFortioEcho({ descriptors, placement }: Environment): Promise<Upstream> {
  const port = await unusedPort();
  const server = [FORTIO, "server", ...OPTIONS, "-http-port", `127.0.0.1:${port}`];
  return untilAccepting(new StartedProcess([...descriptors.wrapper, ...placement.upstream, ...server]), port);
}
