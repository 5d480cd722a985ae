/**
 * Starts threads in a process of its own: so many times, each with open connections at its end, or once and until it
 * is ended.
 *
 * @module
 */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import type { RequestedInterface } from "../../lib/net/socket_interface.ts";
import { startThreads } from "../../lib/threads/start_threads.ts";
import { connect } from "./command.ts";

const [task = "", socketInterface = "auto", rounds = "1"] = process.argv.slice(2);
const MODULE = new URL("../../lib/threads/test_thread.ts", import.meta.url);
/** By then a runtime has opened what it keeps. */
const WARM_UP_ROUNDS = 3;

function start(scene: string): ReturnType<typeof startThreads> {
  return startThreads(MODULE, {
    count: 3,
    data: { scene },
    listen: "127.0.0.1:0",
    socketInterface: socketInterface as RequestedInterface,
  });
}

async function round(): Promise<void> {
  await using threads = await start("serve");
  const [address] = threads.addresses;
  if (address === undefined || address.family === "unix") throw new Error("no address");
  for (let i = 0; i < 9; i++) {
    const client = await connect({ port: address.port });
    client.on("error", () => {});
    client.on("end", () => client.destroy());
    client.write("?");
    await once(client, "data");
  }
}

/** Resolves after so many warnings of the process. */
function warnings(count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    process.on("warning", () => {
      left--;
      if (left === 0) resolve();
    });
  });
}

/** Once the runtime has closed what it closes later: the smallest number of a while. */
async function openDescriptors(): Promise<number> {
  let least = Number.MAX_SAFE_INTEGER;
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, readdirSync("/proc/self/fd").length);
  }
  return least;
}

if (task === "rounds") {
  let warmedUp = 0;
  for (let i = 1; i <= Number(rounds); i++) {
    await round();
    if (i === WARM_UP_ROUNDS) warmedUp = await openDescriptors();
  }
  process.stdout.write(`${rounds} rounds, ${(await openDescriptors()) - warmedUp} descriptors more than at first\n`);
} else {
  try {
    const threads = await start(task);
    process.stdout.write(`ready: ${threads.selected.driver}\n`);
    if (task === "deaf" || task === "careless") {
      threads.post("loose");
      await warnings(threads.count);
      await threads.stop();
    }
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    process.stdout.write(`${error.code} ${error.message}\n`);
  }
}
