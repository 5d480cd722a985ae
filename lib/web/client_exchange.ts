/**
 * One request of a client, from its connection to the end of its response.
 *
 * ```text
 *  address ──> connection: there, being made, or waited for ──> head and body sent ──> response's head ──> body ──> end
 *     ^             │                                                  │
 *     └─ next one ──┴── again, if a connection that was unused was closed at that moment
 * ```
 *
 * @module
 */
import { ETIMEDOUT } from "../../ffi/abi.ts";
import type { HttpFault } from "../http/fault.ts";
import type { Head } from "../http/head.ts";
import type { HttpLimits } from "../http/limits.ts";
import { isIdempotent } from "../http/methods.ts";
import type { Connection } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { SocketError } from "../net/errors.ts";
import type { Endpoint } from "../proxy/endpoint.ts";
import type { HeadLender } from "../proxy/http/head_reader.ts";
import { LazyTimer } from "../proxy/http/lazy_timer.ts";
import { type Reason, UPSTREAM_ERROR } from "../proxy/http/reasons.ts";
import { BODY_UNFRAMED } from "../proxy/http/response_head.ts";
import type { Upstream } from "../proxy/http/upstream.ts";
import type { UpstreamClient } from "../proxy/http/upstream_client.ts";
import { ACQUIRE_REFUSED, ACQUIRE_WAITING, type UpstreamPool } from "../proxy/http/upstream_pool.ts";
import { type Lease, takeBytes } from "../ring/lease.ts";
import { BodyWriter, type BodyWriterOwner, ignore } from "./body_writer.ts";
import type { CompleteClientOptions } from "./client_options.ts";
import type { ClientOrigin } from "./client_origin.ts";
import { type ClientRequest, writeRequestHead } from "./client_request.ts";
import { ClientResponse, type ResponseParts, responsePartsOf } from "./client_response.ts";
import { HttpClientError } from "./errors.ts";
import type { HeadWriter } from "./head_writer.ts";
import { BODY_WINDOW_BYTES, type BodyOrigin, IncomingBody, joinPieces } from "./incoming_body.ts";

/** What all requests of a client share. */
export interface ExchangeContext {
  readonly driver: Driver;
  readonly options: CompleteClientOptions;
  readonly lender: HeadLender;
  readonly writer: HeadWriter;
  /** A request is over. */
  onExchangeOver(exchange: ClientExchange): void;
}

/** A fresh connection may not be had, and one that another request has used may have been closed as well. */
const REPEATS = 3;
/** What the timer is for. */
const WAIT_NOTHING = 0;
const WAIT_POOL = 1;
const WAIT_CONNECT = 2;
const WAIT_RESPONSE = 3;
/** A body, in either direction: since a byte has moved. */
const WAIT_BODY = 4;

/** See the module. */
export class ClientExchange implements UpstreamClient, BodyWriterOwner, BodyOrigin {
  readonly driver: Driver;
  readonly lender: HeadLender;
  readonly limits: HttpLimits;
  readonly method: number;
  readonly isUpgrade = false;
  readonly isConnect = false;
  readonly bodyMode: number = BODY_UNFRAMED;
  isRequestComplete = false;
  /** Resolves with the response once its head is there. */
  readonly response: Promise<Response>;
  #settle!: { readonly resolve: (response: Response) => void; readonly reject: (error: unknown) => void };
  readonly #context: ExchangeContext;
  readonly #origin: ClientOrigin;
  readonly #request: ClientRequest;
  readonly #timer: LazyTimer;
  #purpose = WAIT_NOTHING;
  #movedBytes = -1;
  #endpoints: readonly Endpoint[] = [];
  #endpointAt = 0;
  #pool: UpstreamPool | null = null;
  #connecting: Upstream | null = null;
  #upstream: Upstream | null = null;
  #writer: BodyWriter | null = null;
  /** What the connection had sent before this request. */
  #writtenBefore = 0;
  /** How often it was sent again. */
  #repeats = 0;
  #parts: ResponseParts | null = null;
  /** The body's pieces that arrived with the head, until the response is made. */
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #body: IncomingBody | null = null;
  /** Is all of the response there? */
  #isResponseComplete = false;
  #isDelivered = false;
  #isOver = false;

  constructor(context: ExchangeContext, origin: ClientOrigin, request: ClientRequest) {
    this.#context = context;
    this.driver = context.driver;
    this.lender = context.lender;
    this.limits = context.options.limits;
    this.method = request.methodNumber;
    this.#origin = origin;
    this.#request = request;
    this.#timer = new LazyTimer(context.driver, () => this.#onTimer());
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    origin.activeRequests++;
    // Somebody may wait for nothing else.
    this.driver.userCode.begin();
  }

  /** The connection that the request is sent on. */
  get target(): Connection {
    return (this.#upstream as Upstream).connection;
  }

  /** Get a connection to the first address that works. */
  begin(endpoints: readonly Endpoint[]): void {
    const { signal } = this.#request;
    if (this.#isOver) return;
    if (signal?.aborted === true) {
      this.abort(signal.reason);
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    this.#endpoints = endpoints;
    this.#acquire(false);
  }

  #acquire(isFresh: boolean): void {
    const endpoint = this.#endpoints[this.#endpointAt];
    if (endpoint === undefined) {
      this.#fail(new HttpClientError("ERR_NAME", `Cannot fetch from ${this.#origin.name}: its name has no address`));
      return;
    }
    this.#pool = this.#origin.poolFor(endpoint);
    let acquired: number;
    try {
      acquired = this.#pool.acquire(this, isFresh);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (acquired === ACQUIRE_REFUSED) {
      this.#fail(new HttpClientError("ERR_POOL", `Too many requests wait for a connection to ${this.#origin.name}`));
    } else if (acquired === ACQUIRE_WAITING) {
      this.#wait(WAIT_POOL, this.#context.options.cluster.pendingTimeoutMs);
    }
  }

  onConnecting(upstream: Upstream): void {
    this.#connecting = upstream;
    this.#wait(WAIT_CONNECT, this.#context.options.cluster.connectTimeoutMs);
  }

  onConnectFailed(errno: number): void {
    this.#connecting = null;
    const endpoint = this.#endpoints[this.#endpointAt] as Endpoint;
    this.#endpointAt++;
    if (this.#endpointAt < this.#endpoints.length) {
      this.#acquire(false);
      return;
    }
    const cause = new SocketError(errno, "connect to", endpoint.name, "upstream");
    const code = errno === ETIMEDOUT ? "ERR_CONNECT_TIMEOUT" : "ERR_CONNECT";
    this.#fail(new HttpClientError(code, cause.message, cause));
  }

  onUpstream(upstream: Upstream): void {
    const { options } = this.#context;
    if (this.#connecting !== null) this.#origin.prefer(this.#endpoints[this.#endpointAt] as Endpoint);
    this.#connecting = null;
    this.#pool = null;
    this.#upstream = upstream;
    this.#writtenBefore = upstream.connection.bytesWritten + upstream.connection.queuedBytes;
    const { body } = this.#request;
    const writer = new BodyWriter(this);
    this.#writer = writer;
    if (body instanceof ReadableStream) {
      this.#wait(WAIT_BODY, options.bodyTimeoutMs);
      try {
        writer.sendStream(body);
      } catch (error) {
        this.#fail(new HttpClientError("ERR_REQUEST", "The request's body was read by somebody else", error));
      }
    } else {
      writer.sendBytes(body ?? new Uint8Array(0));
    }
  }

  headFor(bodyBytes: number): Uint8Array | null {
    const writer = this.#writer as BodyWriter;
    try {
      const head = writeRequestHead(this.#context.writer, this.#request, bodyBytes);
      writer.framing = head.framing;
      writer.promisedBytes = head.promisedBytes;
      return head.bytes;
    } catch (error) {
      this.#fail(new HttpClientError("ERR_REQUEST", error instanceof Error ? error.message : String(error), error));
      return null;
    }
  }

  onFull(): void {
    this.#wait(WAIT_BODY, this.#context.options.bodyTimeoutMs);
  }

  onBodySent(): void {
    this.isRequestComplete = true;
    if (this.#parts === null) this.#wait(WAIT_RESPONSE, this.#context.options.responseTimeoutMs);
  }

  onBodyFailed(error: unknown): void {
    const message = `The body of the request to ${this.#origin.name} failed`;
    this.#fail(new HttpClientError("ERR_REQUEST", message, error));
  }

  onUpstreamDrained(): void {
    this.#writer?.resume();
  }

  onInterimHead(): void {}

  onHead(head: Head, memory: Uint8Array, base: number): number {
    const parts = responsePartsOf(head, memory, base);
    this.#parts = parts;
    if (this.#request.failsOnRedirect && parts.status >= 300 && parts.status <= 399 && parts.headers.has("location")) {
      this.#fail(new HttpClientError("ERR_REDIRECT", `${this.#request.url} redirects (${parts.status})`));
      return 0;
    }
    this.#wait(WAIT_BODY, this.#context.options.bodyTimeoutMs);
    // What has arrived together with the head is given on together with it.
    queueMicrotask(this.#deliver);
    return 0;
  }

  readonly #deliver = (): void => {
    if (this.#isDelivered || this.#parts === null || (this.#isOver && !this.#isResponseComplete)) return;
    const { url } = this.#request;
    this.#isDelivered = true;
    let body: BodyInit | null = null;
    if (!this.#isResponseComplete) {
      this.#body = new IncomingBody(this, BODY_WINDOW_BYTES);
      body = this.#body.stream;
      for (const piece of this.#pieces) this.#push(piece);
    } else if (this.#pieces.length > 0) {
      body = joinPieces(this.#pieces);
    }
    this.#pieces = [];
    this.#settle.resolve(new ClientResponse(url.href, this.#parts, body));
  };

  write(lease: Lease): boolean {
    const bytes = takeBytes(lease);
    if (!this.#isDelivered) {
      this.#pieces.push(bytes);
      return true;
    }
    return this.#push(bytes);
  }

  #push(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (this.#body?.isOpen !== true) return true;
    if (this.#body.push(bytes)) return true;
    this.#upstream?.connection.pauseReading();
    return false;
  }

  /** More of the response's body is wanted. */
  resumeBody(): void {
    const upstream = this.#upstream;
    if (upstream === null || !upstream.connection.isReadingPaused) return;
    upstream.connection.resumeReading();
    this.#wait(WAIT_BODY, this.#context.options.bodyTimeoutMs);
  }

  /** The rest of the response is not wanted. */
  dropBody(): void {
    this.#end(undefined);
  }

  onResponseComplete(): void {
    this.#upstream = null;
    this.#isResponseComplete = true;
    const body = this.#body;
    this.#end(undefined);
    body?.end();
  }

  onUpstreamFailed(reason: Reason, fault: HttpFault | null): void {
    const upstream = this.#upstream as Upstream;
    this.#upstream = null;
    const { name } = this.#origin;
    if (reason === UPSTREAM_ERROR) {
      const what = fault === null ? "" : `: ${fault.message} (${fault.section})`;
      this.#fail(new HttpClientError("ERR_RESPONSE", `The response of ${name} is not valid${what}`));
    } else if (this.#parts !== null) {
      const message = `The connection to ${name} ended before the response was complete`;
      this.#fail(new HttpClientError("ERR_BODY_INCOMPLETE", message));
    } else if (this.#mayRepeat(upstream)) {
      this.#repeats++;
      this.isRequestComplete = false;
      this.#writer?.abandon(undefined);
      this.#acquire(true);
    } else {
      this.#fail(new HttpClientError("ERR_UPSTREAM_CLOSED", `${name} closed the connection before the response`));
    }
  }

  /**
   * The server closed a connection that was not in use, and the request crossed it: no other explanation is left for
   * one that was used before and said nothing at all (RFC 9110 section 9.2.2). A request that may not be repeated is so
   * only if nothing of it has left this machine.
   */
  #mayRepeat(upstream: Upstream): boolean {
    if (this.#repeats >= REPEATS || !upstream.isReused || upstream.hasAnswered) return false;
    if (this.#request.body instanceof ReadableStream) return false;
    return isIdempotent(this.method) || upstream.connection.bytesWritten <= this.#writtenBefore;
  }

  /** Not asked for. */
  onUpgrade(): void {}

  onUpstreamEnd(): void {}

  readonly #onAbort = (): void => this.abort(this.#request.signal?.reason);

  /** Whoever asked for it does not want it any more. */
  abort(reason: unknown): void {
    this.#fail(reason);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const body = this.#body;
    this.#end(error);
    if (this.#isDelivered) body?.fail(error);
    else this.#settle.reject(error);
  }

  /** Let go of everything. */
  #end(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.close();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#writer === null && this.#request.body instanceof ReadableStream && !this.#request.body.locked) {
      this.#request.body.cancel(reason).catch(ignore);
    }
    this.#writer?.abandon(reason);
    this.#pool?.forget(this);
    this.#connecting?.abandon();
    this.#upstream?.abandon();
    this.#pool = null;
    this.#connecting = null;
    this.#upstream = null;
    this.#origin.activeRequests--;
    this.driver.userCode.end();
    this.#context.onExchangeOver(this);
  }

  /** 0: without limit. */
  #wait(purpose: number, delayMs: number): void {
    this.#purpose = purpose;
    if (delayMs > 0) this.#timer.start(delayMs);
    else this.#timer.stop();
  }

  #onTimer(): void {
    const { name } = this.#origin;
    switch (this.#purpose) {
      case WAIT_POOL:
        this.#fail(new HttpClientError("ERR_POOL", `No connection to ${name} became free in time`));
        return;
      case WAIT_CONNECT:
        this.#connecting?.abandon();
        this.onConnectFailed(ETIMEDOUT);
        return;
      case WAIT_RESPONSE:
        this.#fail(new HttpClientError("ERR_RESPONSE_TIMEOUT", `${name} did not respond in time`));
        return;
      case WAIT_BODY:
        this.#onBodyTimer();
    }
  }

  #onBodyTimer(): void {
    const connection = this.#upstream?.connection;
    if (connection === undefined) return;
    const movedBytes = connection.bytesRead + connection.bytesWritten;
    const hasMoved = movedBytes !== this.#movedBytes;
    this.#movedBytes = movedBytes;
    // Or what is waited for is on this side: the response's reader, or the request's stream.
    const isOurs = this.#parts === null ? this.#writer?.isFull !== true : connection.isReadingPaused;
    if (hasMoved || isOurs) {
      this.#wait(WAIT_BODY, this.#context.options.bodyTimeoutMs);
      return;
    }
    this.#fail(new HttpClientError("ERR_BODY_TIMEOUT", `A body to or from ${this.#origin.name} did not move in time`));
  }
}
