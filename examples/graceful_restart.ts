/**
 * A proxy whose program is replaced while it runs, without a single connection being refused: start it again, and when
 * the new one says that it listens, end the old one with SIGTERM. Linux gives connections to both until then.
 *
 * ```sh
 * bun examples/graceful_restart.ts 127.0.0.1:8080 127.0.0.1:3000 &     # the old one
 * bun examples/graceful_restart.ts 127.0.0.1:8080 127.0.0.1:3000 &     # the new one; wait until it listens
 * kill -TERM %1
 * ```
 *
 * SIGHUP only reads the addresses of the endpoints again, from the file that the environment variable `ENDPOINTS`
 * names: one in each line.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { type ConfigFile, formatAddress, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:8080", ...given] = process.argv.slice(2);

async function configuration(): Promise<ConfigFile> {
  const file = process.env["ENDPOINTS"];
  const endpoints = file === undefined ? given : (await readFile(file, "utf8")).trim().split("\n");
  return {
    workers: 2,
    listeners: [{ listen, reuse_port: true, cluster: "web" }],
    clusters: [{ name: "web", endpoints }],
  };
}

const proxy = await startProxy(await configuration(), {
  log: (level, message) => process.stderr.write(`${process.pid} ${level}: ${message}\n`),
});
process.stdout.write(`${process.pid} listening on ${proxy.addresses.map(formatAddress).join(", ")}\n`);

process.on("SIGHUP", async () => {
  try {
    await proxy.reload(await configuration());
    process.stdout.write(`${process.pid} has other endpoints\n`);
  } catch (error) {
    process.stderr.write(`${process.pid} goes on with those that it has: ${error}\n`);
  }
});
process.once("SIGTERM", async () => {
  const cutOff = await proxy.drain();
  process.stdout.write(`${process.pid} ended, connections cut off: ${cutOff}\n`);
  process.exit();
});
