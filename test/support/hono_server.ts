/**
 * Serves the application on a port: by the runtime's own server, or where there is none by that of Node.
 *
 * @module
 */
import process from "node:process";
import type { WebSocketServerLike } from "@hono/node-server";
import type { UpgradeWebSocket } from "hono/ws";
import { honoApp } from "./hono_app.ts";

type Fetch = (request: Request, server?: unknown) => Response | Promise<Response>;

/** What is used of the runtimes' servers. */
interface Runtimes {
  readonly Bun?: { serve(options: object): unknown };
  readonly Deno?: { serve(options: object, fetch: Fetch): unknown };
}

const { Bun, Deno } = globalThis as unknown as Runtimes;
const port = Number(process.argv[2]);
const hostname = "127.0.0.1";

if (Bun !== undefined) {
  const { upgradeWebSocket, websocket } = await import("hono/bun");
  const app = honoApp(upgradeWebSocket as UpgradeWebSocket);
  Bun.serve({ port, hostname, websocket, fetch: app.fetch, idleTimeout: 60 });
} else if (Deno !== undefined) {
  const { upgradeWebSocket } = await import("hono/deno");
  Deno.serve({ port, hostname }, honoApp(upgradeWebSocket as UpgradeWebSocket).fetch as Fetch);
} else {
  const [{ serve, upgradeWebSocket }, { WebSocketServer }] = await Promise.all([
    import("@hono/node-server"),
    import("ws"),
  ]);
  const app = honoApp(upgradeWebSocket as UpgradeWebSocket);
  // Its types differ in nothing but whether an option may be undefined.
  const server = new WebSocketServer({ noServer: true }) as unknown as WebSocketServerLike;
  serve({ port, hostname, fetch: app.fetch, websocket: { server } });
}
