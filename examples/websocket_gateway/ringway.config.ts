/**
 * A WebSocket gateway: only pages of one's own origins may connect, each client may make so many connections in a
 * minute, a user's connections go to the same server, and a silent connection stays open for an hour.
 *
 * Run it: `CHAT=127.0.0.1:3001 npx -y bun run proxy --config examples/websocket_gateway/ringway.config.ts`
 *
 * @module
 */
import process from "node:process";
import { type ConfigFile, defineConfig, type HttpFilter } from "../../mod.ts";

const { LISTEN = "127.0.0.1:8080", CHAT = "127.0.0.1:3001", ORIGINS = "https://app.example.com" } = process.env;
const origins: readonly string[] = ORIGINS.split(",");

/** A browser says of which origin the page is, and does not ask before it connects. */
const ownPages: HttpFilter = {
  name: "own-pages",
  onRequestHead(exchange) {
    const { fields } = exchange.request;
    if (fields.get("upgrade")?.toLowerCase() !== "websocket") return exchange.reply(426, "WebSockets only\n");
    return origins.includes(fields.get("origin") ?? "") ? undefined : exchange.reply(403, "Not from this page\n");
  },
  onEnd({ status, client, durationMs, receivedBytes, sentBytes }) {
    if (status !== 101) return;
    console.log(`${client}: ${Math.round(durationMs)} ms, ${receivedBytes} bytes in, ${sentBytes} bytes out`);
  },
};

const config: ConfigFile = defineConfig({
  listeners: [
    {
      listen: LISTEN,
      filters: [
        { type: "rate_limit", requests: 60, per_ms: 60_000, burst: 10 },
        { type: "custom", filter: ownPages },
      ],
      routes: [
        {
          match: { prefix: "/chat" },
          cluster: "chat",
          hash: [{ query: "user" }, { source: true }],
          stream_idle_timeout_ms: 3_600_000,
        },
      ],
    },
  ],
  clusters: [{ name: "chat", endpoints: CHAT.split(","), balancer: "ring_hash", connect_timeout_ms: 2000 }],
});

export default config;
