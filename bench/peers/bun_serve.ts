/**
 * A reverse proxy as a user of Bun writes it: `bun bun_serve.ts PORT UPSTREAM_PORT`. A program that is measured.
 *
 * @module
 */
import process from "node:process";

/** What is used of Bun: not all that check this file know its types. */
interface BunServer {
  requestIP(request: Request): { readonly address: string } | null;
}
declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    idleTimeout: number;
    fetch(request: Request, server: BunServer): Promise<Response>;
  }): BunServer;
};

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const upstream = `http://127.0.0.1:${upstreamPort}`;

Bun.serve({
  hostname: "127.0.0.1",
  port: port ?? 0,
  // Never.
  idleTimeout: 0,
  fetch(request, server) {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.set("X-Forwarded-For", server.requestIP(request)?.address ?? "unknown");
    headers.set("X-Request-Id", crypto.randomUUID());
    // Bun's own option: the body is passed on as it came.
    const options: RequestInit & { decompress: boolean } = {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      decompress: false,
    };
    return fetch(`${upstream}${pathname}${search}`, options);
  },
});
