/**
 * ringway inside an application, in one program: a Hono application in the middle of a move. What it has already is
 * served by it, the rest still by the old server, and both are compressed and limited by the proxy in front.
 *
 * ```sh
 * bun run examples/hono_app.ts 127.0.0.1:8080 127.0.0.1:3000
 * deno run --allow-ffi --allow-read examples/hono_app.ts 127.0.0.1:8080 127.0.0.1:3000
 * ```
 *
 * @module
 */
import process from "node:process";
import { Hono } from "hono";
import { formatAddress, serve, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:8080", old = "127.0.0.1:3000"] = process.argv.slice(2);

const app = new Hono();
app.get("/hello/:name", (c) => c.text(`Hello, ${c.req.param("name")} at ${c.req.header("x-forwarded-for")}`));
app.get("/statistics", (c) => c.json(proxy.statistics()));

// On a port that the system chooses: nobody but the proxy has to find it.
const server = await serve(app.fetch);

const proxy = await startProxy({
  workers: 1,
  listeners: [
    {
      listen,
      filters: [{ type: "rate_limit", requests: 100, per_ms: 1000 }, { type: "compression" }],
      routes: [
        { match: { prefix: "/hello" }, cluster: "app" },
        { match: { path: "/statistics" }, cluster: "app" },
        { cluster: "old" },
      ],
    },
  ],
  clusters: [
    { name: "app", endpoints: [formatAddress(server.address)] },
    { name: "old", endpoints: [old] },
  ],
});
console.log(`listening on ${proxy.addresses.map(formatAddress).join(", ")}`);

process.once("SIGTERM", async () => {
  await proxy.drain();
  await server.close();
});
