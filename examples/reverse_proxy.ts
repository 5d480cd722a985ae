/**
 * An HTTP reverse proxy inside a program: /api goes to one server and all else to another, responses are compressed,
 * and some fields are added and removed. examples/reverse_proxy.yaml is one for the command.
 *
 * ```sh
 * bun run examples/reverse_proxy.ts 127.0.0.1:8080 127.0.0.1:3000 127.0.0.1:3001
 * deno run --allow-ffi --allow-read examples/reverse_proxy.ts 127.0.0.1:8080 127.0.0.1:3000 127.0.0.1:3001
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:8080", web = "127.0.0.1:3000", api = "127.0.0.1:3001"] = process.argv.slice(2);

const proxy = await startProxy(
  {
    workers: 1,
    listeners: [
      {
        listen,
        filters: [{ type: "compression" }],
        routes: [
          { match: { prefix: "/api" }, cluster: "api", rewrite: { prefix: "/" }, timeout_ms: 15_000 },
          { cluster: "web", response_headers: { set: { "x-frame-options": "DENY" }, remove: ["x-powered-by"] } },
        ],
      },
    ],
    clusters: [
      { name: "web", endpoints: [web] },
      { name: "api", endpoints: [api] },
    ],
  },
  { log: (level, message) => console.error(`${level}: ${message}`) },
);
console.log(`listening on ${proxy.addresses.map(formatAddress).join(", ")}`);
