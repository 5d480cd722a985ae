/**
 * An API gateway: cross-origin requests, a rate limit, tokens and a filter of its own in front of two services.
 *
 * Run it: `JWT_SECRET=... npx -y bun run proxy --config examples/api_gateway/ringway.config.ts`
 *
 * @module
 */
import process from "node:process";
import { type ConfigFile, defineConfig, type HttpFilter } from "../../mod.ts";

const { LISTEN = "127.0.0.1:8080", USERS = "127.0.0.1:3001", ORDERS = "127.0.0.1:3002" } = process.env;
const { JWT_SECRET = "" } = process.env;

/** Only a token with the scope `write` may change anything. */
const writers: HttpFilter = {
  name: "writers",
  onRequestHead(exchange) {
    if (["GET", "HEAD"].includes(exchange.request.method)) return undefined;
    const { scope = "" } = exchange.state.get("jwt.claims") as { readonly scope?: string };
    return scope.split(" ").includes("write") ? undefined : exchange.reply(403, "The token is for reading only\n");
  },
};

const config: ConfigFile = defineConfig({
  listeners: [
    {
      listen: LISTEN,
      filters: [
        {
          type: "cors",
          allow_origins: ["https://app.example.com"],
          allow_methods: ["PUT", "DELETE"],
          allow_headers: ["authorization", "content-type"],
        },
        { type: "rate_limit", requests: 600, per_ms: 60_000, burst: 30 },
        { type: "jwt", match: { prefix: "/v1" }, secret: JWT_SECRET, claims_to_headers: { sub: "x-user" } },
        { type: "custom", match: { prefix: "/v1" }, filter: writers },
      ],
      routes: [
        { match: { path: "/health" }, response: { body: "ok\n" } },
        { match: { prefix: "/v1/users" }, cluster: "users", rewrite: { prefix: "/" } },
        { match: { prefix: "/v1/orders" }, cluster: "orders", timeout_ms: 15_000 },
      ],
    },
  ],
  clusters: [
    { name: "users", endpoints: [USERS] },
    { name: "orders", endpoints: [ORDERS], max_requests: 200 },
  ],
});

export default config;
