/**
 * A reverse proxy with node:http and httpxy: `node server.mjs MODULE PORT UPSTREAM_PORT`. A program that is measured;
 * MODULE is where httpxy is installed. JavaScript, as not every Node.js takes TypeScript.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { Agent, createServer } from "node:http";

const [module, port, upstreamPort] = process.argv.slice(2);
const { createProxyServer } = await import(module);

const HOUR_MS = 3_600_000;
const proxy = createProxyServer({
  target: `http://127.0.0.1:${upstreamPort}`,
  xfwd: true,
  agent: new Agent({ keepAlive: true }),
  proxyTimeout: HOUR_MS,
});
proxy.on("proxyReq", (request) => request.setHeader("X-Request-Id", randomUUID()));

const server = createServer({ keepAliveTimeout: HOUR_MS, requestTimeout: 0 }, (request, response) => {
  // It answers by itself; what is left is to keep the process.
  proxy.web(request, response).catch(() => response.destroy());
});
server.listen({ host: "127.0.0.1", port: Number(port), backlog: 4096 });
