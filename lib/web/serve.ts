/**
 * Serves HTTP with a function from `Request` to `Response`.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";
import type { Driver } from "../net/driver.ts";
import { type AddressLike, resolveAddress } from "../sockets/address_like.ts";
import { warn } from "../sockets/problems.ts";
import { openSockets } from "../sockets/sockets.ts";
import { HttpServer } from "./http_server.ts";
import { completeServeOptions, type ServeHandler, type ServeOptions } from "./serve_options.ts";
import { ServerCore } from "./server_core.ts";

const ANY_PORT = "127.0.0.1:0";

/**
 * Serve HTTP/1.1: `handler` is called for each request and returns the response. Both are those of the web platform, so
 * that whatever makes such a function can be served, such as the `fetch` of a Hono application.
 *
 * A connection's requests are served one after the other. Requests that are not exactly what RFC 9112 says, or could be
 * read in two ways, never get to the handler.
 *
 * @example
 * ```ts
 * import { serve } from "@ringway/proxy/web";
 *
 * await using server = await serve((request) => new Response(`hello ${new URL(request.url).pathname}`));
 * const response = await fetch(`${server.origin}/world`);
 * console.log(await response.text());
 * ```
 *
 * @throws {SocketError} why it can't listen, with the errno's name as its `code`, such as `EADDRINUSE`
 * @throws {RingwayError} `ERR_OPTION` for an option that can't be meant
 */
export async function serve(handler: ServeHandler, options: ServeOptions = {}): Promise<HttpServer> {
  options.signal?.throwIfAborted();
  const onProblem = options.onProblem ?? warn;
  const complete = completeServeOptions(options, onProblem);
  const given = options.thread?.sockets ?? options.sockets;
  const sockets = given ?? (await openSockets({ onProblem }));
  const release = async (): Promise<void> => {
    if (given === undefined) await sockets.close();
  };
  const core = new ServerCore(sockets.driver, handler, complete);
  let server: HttpServer;
  try {
    server = new HttpServer(core, await listenAll(core, sockets.driver, options), release);
  } catch (error) {
    await core.stopAccepting();
    core.resetAll();
    await release();
    throw error;
  }
  closeWith(server, options.signal);
  return server;
}

async function listenAll(core: ServerCore, driver: Driver, options: ServeOptions): Promise<SocketAddress[]> {
  const { listen = ANY_PORT, backlog, reusePort, thread } = options;
  if (thread !== undefined) {
    for (const index of thread.addresses.keys()) core.add(await thread.listenWith(core, index));
    return [...thread.addresses];
  }
  const wanted: readonly AddressLike[] = isList(listen) ? listen : [listen];
  const bound: SocketAddress[] = [];
  for (const address of wanted) {
    for (const resolved of await resolveAddress(address, "listen")) {
      const listener = await driver.listen(resolved, core, {
        ...(backlog === undefined ? {} : { backlog }),
        ...(reusePort === undefined ? {} : { reusePort }),
        // Until the server has said otherwise: it may have room for few.
        acceptSingly: true,
      });
      core.add(listener);
      bound.push(listener.address);
    }
  }
  return bound;
}

function isList(listen: AddressLike | readonly AddressLike[]): listen is readonly AddressLike[] {
  return Array.isArray(listen);
}

function closeWith(server: HttpServer, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const close = (): void => void server.close();
  signal.addEventListener("abort", close, { once: true });
  void server.finished.then(() => signal.removeEventListener("abort", close));
  if (signal.aborted) close();
}
