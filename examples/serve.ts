/**
 * A web server: counts visits, sends the time as it passes, and takes uploads of any length.
 *
 * ```sh
 * bun run examples/serve.ts 127.0.0.1:8080
 * deno run --allow-ffi --allow-read examples/serve.ts 127.0.0.1:8080
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress } from "../lib/sockets/mod.ts";
import { serve } from "../lib/web/mod.ts";

let visits = 0;

/** Server-sent events, one a second, until the client is gone. */
function clock(signal: AbortSignal): Response {
  const body = new ReadableStream({
    async pull(controller) {
      if (signal.aborted) return controller.close();
      controller.enqueue(new TextEncoder().encode(`data: ${new Date().toISOString()}\n\n`));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function count(request: Request): Promise<Response> {
  let bytes = 0;
  for await (const piece of request.body ?? []) bytes += piece.length;
  return Response.json({ bytes });
}

const server = await serve(
  (request) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return new Response(`visit ${++visits}\n`);
      case "/clock":
        return clock(request.signal);
      case "/upload":
        return count(request);
      default:
        return new Response("nothing here\n", { status: 404 });
    }
  },
  { listen: process.argv[2] ?? "127.0.0.1:8080" },
);
console.log(`listening on ${formatAddress(server.address)}`);

process.once("SIGTERM", async () => {
  const cutOff = await server.drain(5000);
  console.log(`requests: ${server.statistics().requests}, of them cut off at the end: ${cutOff}`);
});
