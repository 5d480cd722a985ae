/**
 * A proxy in front of a dev server and an API, for those who have used http-proxy, httpxy or http-proxy-middleware: the
 * same options and events. /api is the API's, all else the dev server's, the WebSocket of its hot reloading included.
 *
 * ```sh
 * bun run examples/dev_proxy.ts 8080 http://localhost:5173 http://localhost:3000
 * deno run --allow-ffi --allow-read --allow-net examples/dev_proxy.ts 8080 http://localhost:5173 http://localhost:3000
 * ```
 *
 * @module
 */
import process from "node:process";
import { createDevProxy, formatAddress } from "../mod.ts";

const [port = "8080", web = "http://localhost:5173", api = "http://localhost:3000"] = process.argv.slice(2);

const proxy = createDevProxy([
  {
    pathFilter: "/api",
    target: api,
    changeOrigin: true,
    xfwd: true,
    pathRewrite: { "^/api": "" },
    cookieDomainRewrite: "localhost",
    autoRewrite: true,
    headers: { "x-dev": "yes" },
    proxyTimeout: 30_000,
    on: { proxyReq: (proxyReq, req) => console.log(`${req.method} ${req.url} -> ${api}${proxyReq.path}`) },
  },
  { target: web, ws: true, logger: console },
]);

proxy.on("error", (error, _req, res, target) => {
  res.writeHead(502, { "content-type": "text/plain" });
  res.end(`Is ${target} running? ${error.message}\n`);
});

console.log(`listening on ${formatAddress(await proxy.listen(Number(port)))}`);
