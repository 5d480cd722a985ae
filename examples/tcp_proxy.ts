/**
 * A TCP proxy inside a program of one's own.
 *
 * ```sh
 * bun examples/tcp_proxy.ts 127.0.0.1:10000 tcp://127.0.0.1:5432
 * deno run --allow-ffi --allow-net --allow-read --allow-env --allow-sys examples/tcp_proxy.ts 127.0.0.1:10000 ...
 * ```
 *
 * @module
 */
import process from "node:process";
import { defaultProxyConfig, formatAddress, parseTarget, parseUpstream, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:10000", to = "tcp://127.0.0.1:8000"] = process.argv.slice(2);

const proxy = await startProxy(
  { ...defaultProxyConfig, listen: [parseTarget(listen)], to: [parseUpstream(to).target], workers: 1 },
  { log: (level, message) => process.stderr.write(`${level}: ${message}\n`) },
);
process.stdout.write(`listening on ${proxy.addresses.map(formatAddress).join(", ")}\n`);

process.once("SIGTERM", async () => {
  const cutOff = await proxy.drain();
  const { downstream_connections_total } = proxy.statistics();
  process.stdout.write(`connections: ${downstream_connections_total}, of them cut off at the end: ${cutOff}\n`);
  process.exit();
});
