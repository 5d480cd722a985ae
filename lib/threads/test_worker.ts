/**
 * A worker of an application's own, which starts threads.
 *
 * @module
 */
import { startThreads } from "./mod.ts";

const scope = globalThis as unknown as { postMessage(message: unknown): void };
const said: unknown[] = [];
const threads = await startThreads(new URL("./test_thread.ts", import.meta.url), {
  count: 2,
  data: { scene: "own" },
  onMessage: (message) => void said.push(message),
});
await threads.stop();
scope.postMessage(said);
