/**
 * A TCP proxy in ten lines: connections to the first address are relayed to the others in turn, by worker threads. On
 * SIGTERM it lets connections end for up to ten seconds, and says how many there were.
 *
 * ```sh
 * bun run examples/tcp_proxy.ts 127.0.0.1:10000 127.0.0.1:5432 127.0.0.1:5433
 * deno run --allow-ffi --allow-read examples/tcp_proxy.ts 127.0.0.1:10000 127.0.0.1:5432 127.0.0.1:5433
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:10000", ...endpoints] = process.argv.slice(2);

const proxy = await startProxy({
  listeners: [{ listen, protocol: "tcp", cluster: "servers" }],
  clusters: [{ name: "servers", endpoints }],
});
console.log(`listening on ${proxy.addresses.map(formatAddress).join(", ")}`);

process.once("SIGTERM", async () => {
  const cutOff = await proxy.drain();
  const { downstream_connections_total } = proxy.statistics();
  console.log(`connections: ${downstream_connections_total}, of them cut off at the end: ${cutOff}`);
});
