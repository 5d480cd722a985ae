/**
 * The module of the threads in tests: a server in each.
 *
 * @module
 */
import type { Thread, ThreadCleanup } from "../threads/thread.ts";
import { HttpClient } from "./http_client.ts";
import { serve } from "./serve.ts";

/** Answers in several ways, most of which need the runtime's own loop. */
async function answer(request: Request, index: number, client: HttpClient): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/later":
      await new Promise((resolve) => setTimeout(resolve, 5));
      return new Response(`later ${index}`);
    case "/stream":
      return new Response(numbers());
    case "/echo":
      return new Response(request.body);
    case "/fetch":
      return await client.fetch(searchParams.get("url") ?? "");
    default:
      return new Response(`thread ${index}`);
  }
}

function numbers(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(new TextEncoder().encode(`${next++} `));
      if (next === 10) controller.close();
    },
  });
}

/** Serve until the thread is to stop. */
export default async function (thread: Thread): Promise<ThreadCleanup> {
  const client = new HttpClient({ sockets: thread.sockets });
  const server = await serve((request) => answer(request, thread.index, client), { thread });
  return async () => {
    await server.drain(1000);
    await client.close();
  };
}
