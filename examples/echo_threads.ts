/**
 * A TCP echo server on several threads. The kernel gives each of them a share of the connections.
 *
 * ```sh
 * bun examples/echo_threads.ts 127.0.0.1:7000
 * deno run --allow-ffi --allow-read --allow-env --allow-sys examples/echo_threads.ts 127.0.0.1:7000
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress, startThreads } from "../mod.ts";
import type { Count } from "./echo_thread.ts";

const [listen = "127.0.0.1:7000"] = process.argv.slice(2);

const threads = await startThreads(new URL("./echo_thread.ts", import.meta.url), {
  count: 2,
  listen,
  onMessage: ({ connections }: Count, index) => process.stdout.write(`thread ${index}: ${connections} connections\n`),
});
process.stdout.write(
  `listening on ${threads.addresses.map(formatAddress).join(", ")}, with ${threads.count} threads\n`,
);

// Ask all threads. What they answer is handled before they are stopped.
process.once("SIGTERM", async () => {
  threads.post("count");
  await threads.stop();
});
