/**
 * Starts and stops proxies in one process, with connections open at the end, and counts descriptors.
 *
 * @module
 */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import process from "node:process";
import { defaultProxyConfig } from "../../lib/server/config.ts";
import { startProxy } from "../../lib/server/start_proxy.ts";
import { connect } from "./command.ts";
import { startEcho } from "./servers.ts";

const rounds = Number(process.argv[2]);
/** By then a runtime has opened what it keeps. */
const WARM_UP_ROUNDS = 3;
let warmedUp = 0;

for (let round = 0; round < rounds; round++) {
  const echo = await startEcho();
  const proxy = await startProxy({
    ...defaultProxyConfig,
    listen: [{ family: "name", host: "127.0.0.1", port: 0 }],
    to: [{ family: "name", host: "127.0.0.1", port: echo.port }],
    workers: 3,
  });
  const [address] = proxy.addresses;
  if (address === undefined || address.family === "unix") throw new Error("no address");
  const clients = await Promise.all(Array.from({ length: 9 }, () => connect({ port: address.port })));
  for (const client of clients) {
    client.on("error", () => {});
    client.write("ping");
    await once(client, "data");
  }
  await proxy.close();
  for (const client of clients) client.destroy();
  await echo.close();
  if (round + 1 === WARM_UP_ROUNDS) warmedUp = await openDescriptors();
}
const more = (await openDescriptors()) - warmedUp;
process.stdout.write(`${rounds} rounds, ${more} descriptors more than at first\n`);

/** Once the runtime has closed what it closes later: the smallest number of a while. */
async function openDescriptors(): Promise<number> {
  let least = Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, readdirSync("/proc/self/fd").length);
  }
  return least;
}
