/**
 * A reverse proxy as a user of Deno writes it: `deno run --allow-net deno_serve.ts PORT UPSTREAM_PORT`. A program that
 * is measured.
 *
 * @module
 */
import process from "node:process";

/** What is used of Deno: not all that check this file know its types. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number },
    handler: (request: Request, info: { readonly remoteAddr: { readonly hostname: string } }) => Promise<Response>,
  ): object;
};

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const upstream = `http://127.0.0.1:${upstreamPort}`;

Deno.serve({ hostname: "127.0.0.1", port: port ?? 0 }, (request, { remoteAddr }) => {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.set("X-Forwarded-For", remoteAddr.hostname);
  headers.set("X-Request-Id", crypto.randomUUID());
  return fetch(`${upstream}${pathname}${search}`, {
    method: request.method,
    headers,
    body: request.body,
    redirect: "manual",
  });
});
