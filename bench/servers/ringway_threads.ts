/**
 * The same server in a thread that owns its ring: `PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";
import { startThreads } from "../../lib/threads/mod.ts";

await startThreads(new URL("./ringway_thread.ts", import.meta.url), {
  count: 1,
  listen: `127.0.0.1:${process.argv[2]}`,
  socketInterface: "uring",
});
