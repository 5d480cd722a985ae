/**
 * Ports to listen on.
 *
 * @module
 */
import { createServer } from "node:net";
import { readProc } from "../measurement/process_tree.ts";

const LOWEST = 10_000;
const USUAL_HIGHEST = 32_767;

/**
 * Below the ports that the kernel gives to outgoing connections: a benchmark uses up thousands of those, and one
 * of them would be in the way of a listener now and then.
 */
const highest = Math.max(LOWEST, (lowestEphemeralPort() ?? USUAL_HIGHEST + 1) - 1);

function lowestEphemeralPort(): number | undefined {
  const range = readProc("/proc/sys/net/ipv4/ip_local_port_range");
  return range === undefined ? undefined : Number.parseInt(range, 10);
}

/** Two benchmarks at the same time hardly meet. */
let next = LOWEST + Math.floor(Math.random() * (highest - LOWEST));

/** A port on which nothing listens; a different one each time. */
export async function unusedPort(): Promise<number> {
  for (let attempt = LOWEST; attempt <= highest; attempt++) {
    const port = next;
    next = next >= highest ? LOWEST : next + 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${LOWEST} to ${highest} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
