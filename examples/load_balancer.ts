/**
 * A load balancer with health checks inside a program, which says each time that a server becomes good or bad. A server
 * that is not good by its check gets no requests; one that fails is left out for a while, and another one is asked
 * again. examples/load_balancer.yaml is one for the command.
 *
 * ```sh
 * bun run examples/load_balancer.ts 127.0.0.1:8080 127.0.0.1:3001 127.0.0.1:3002
 * deno run --allow-ffi --allow-read --allow-net examples/load_balancer.ts 127.0.0.1:8080 127.0.0.1:3001 127.0.0.1:3002
 * ```
 *
 * @module
 */
import process from "node:process";
import { formatAddress, startProxy } from "../mod.ts";

const [listen = "127.0.0.1:8080", ...endpoints] = process.argv.slice(2);

const proxy = await startProxy(
  {
    listeners: [{ listen, routes: [{ cluster: "web", retry: { on: ["connect-failure", "reset", "gateway-error"] } }] }],
    clusters: [
      {
        name: "web",
        endpoints,
        balancer: "least_request",
        health_check: { type: "http", path: "/healthz", interval_ms: 1000, timeout_ms: 500 },
        outlier_detection: { consecutive_gateway_errors: 3, ejection_ms: 10_000 },
        slow_start_ms: 10_000,
      },
    ],
  },
  // Each change of a server is a message.
  { log: (_level, message) => console.log(message) },
);
console.log(`listening on ${proxy.addresses.map(formatAddress).join(", ")}`);
