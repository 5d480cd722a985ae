/**
 * An HTTP client with connections of its own.
 *
 * @module
 */
import type { Driver } from "../net/driver.ts";
import { HeadPool } from "../proxy/http/head_pool.ts";
import { openSockets, type Sockets } from "../sockets/sockets.ts";
import { ClientExchange, type ExchangeContext } from "./client_exchange.ts";
import { type CompleteClientOptions, completeClientOptions, type HttpClientOptions } from "./client_options.ts";
import { ClientOrigin } from "./client_origin.ts";
import { type FetchInput, readRequest } from "./client_request.ts";
import { HttpClientError } from "./errors.ts";
import { HeadWriter } from "./head_writer.ts";

/** With so many origins, those are forgotten that have no connection. */
const ORIGINS = 256;

/**
 * Fetches over HTTP/1.1, on connections that are kept for the next request to the same origin.
 *
 * What differs from the runtime's `fetch`: redirects are returned and not followed, bodies are not decompressed,
 * nothing is cached, there are no cookies, and `https:` is not there yet. Responses that are not exactly what RFC 9112
 * says are errors.
 *
 * @example
 * ```ts
 * import { HttpClient, serve } from "@ringway/proxy/web";
 *
 * await using server = await serve(async (request) => new Response(`${request.method} ${await request.text()}`));
 * await using client = new HttpClient();
 * const response = await client.fetch(server.origin, { method: "POST", body: "hello" });
 * console.log(response.status, await response.text());
 * ```
 */
export class HttpClient implements AsyncDisposable {
  readonly #given: Sockets | null;
  readonly #options: CompleteClientOptions;
  #opening: Promise<Sockets> | null = null;
  #context: ExchangeContext | null = null;
  readonly #origins = new Map<string, ClientOrigin>();
  readonly #exchanges = new Set<ClientExchange>();
  #closing: Promise<void> | null = null;

  /** A client without connections. Throws a RingwayError, `ERR_OPTION`, for an option that can't be meant. */
  constructor(options: HttpClientOptions = {}) {
    this.#options = completeClientOptions(options);
    this.#given = options.sockets ?? null;
  }

  /**
   * Send a request. Resolves with the response once its head is there; the body is a stream, which keeps its connection
   * until it was read or cancelled.
   *
   * @throws {HttpClientError} see `HttpClientErrorCode`
   * @throws what the signal of the request was aborted with
   */
  async fetch(input: FetchInput, init: RequestInit = {}): Promise<Response> {
    const request = await readRequest(input, init);
    request.signal?.throwIfAborted();
    const context = this.#context ?? (await this.#open());
    this.#assertOpen();
    const origin = this.#originOf(context.driver, request.url);
    const exchange = new ClientExchange(context, origin, request);
    this.#exchanges.add(exchange);
    const endpoints = origin.endpoints();
    if (endpoints instanceof Promise) {
      endpoints.then(
        (resolved) => exchange.begin(resolved),
        (error: unknown) => exchange.abort(error),
      );
    } else {
      exchange.begin(endpoints);
    }
    return await exchange.response;
  }

  async #open(): Promise<ExchangeContext> {
    this.#assertOpen();
    this.#opening ??= this.#given === null ? openSockets() : Promise.resolve(this.#given);
    const { driver } = await this.#opening;
    this.#context ??= {
      driver,
      options: this.#options,
      lender: new HeadPool(this.#options.limits),
      writer: new HeadWriter(),
      onExchangeOver: (exchange) => void this.#exchanges.delete(exchange),
    };
    return this.#context;
  }

  #originOf(driver: Driver, url: URL): ClientOrigin {
    const known = this.#origins.get(url.origin);
    if (known !== undefined) return known;
    if (this.#origins.size >= ORIGINS) {
      for (const [name, { isUnused }] of this.#origins) if (isUnused) this.#origins.delete(name);
    }
    const origin = new ClientOrigin(driver, url, this.#options.cluster);
    this.#origins.set(url.origin, origin);
    return origin;
  }

  #assertOpen(): void {
    if (this.#closing === null) return;
    throw new HttpClientError("ERR_CLIENT_CLOSED", "Cannot fetch: the client was closed");
  }

  /** Abort what is under way, and close all connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new HttpClientError("ERR_CLIENT_CLOSED", "The client was closed");
    for (const exchange of [...this.#exchanges]) exchange.abort(closed);
    for (const origin of this.#origins.values()) origin.close();
    if (this.#given === null && this.#opening !== null) await (await this.#opening).close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
