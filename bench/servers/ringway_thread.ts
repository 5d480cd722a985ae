/**
 * What the thread of `ringway_threads.ts` does.
 *
 * @module
 */
import type { Thread } from "../../lib/threads/thread.ts";
import { serve } from "../../lib/web/serve.ts";
import { answer } from "./handler.ts";

/** Serve. */
export default async function (thread: Thread): Promise<void> {
  await serve(answer, { thread });
}
