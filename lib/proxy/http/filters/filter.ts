/**
 * Filters: code of one's own in the way of requests and responses. The built-in ones are written on this interface too.
 *
 * ```text
 *   request head ──> route ──> request body ──> [ endpoint ] ──> response head ──> response body ──> end
 *   onRequestHead    onRoute   transformBody                     onResponseHead    transformBody     onEnd
 *   first to last filter ─────────────────>                      <── last to first ──────────────────
 * ```
 *
 * @module
 */

/** A value, or a promise of it. Without a promise nothing waits, and the request goes on in the same turn. */
export type MaybePromise<T> = T | Promise<T>;

/** What a function without a result returns. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that has no return statement returns void.
export type Nothing = undefined | void;

/**
 * A filter. Each worker has its own, and runs it for one request after the other, many of them under way at the same
 * time: what belongs to a request stands in {@linkcode HttpExchange.state}.
 *
 * Every hook may be left out. One that throws or rejects makes the response a 500 and a line in the log; one that takes
 * longer than the listener's `filter_timeout_ms`, a 504.
 *
 * @example
 * ```ts
 * import type { HttpFilter } from "@ringway/proxy";
 *
 * const onlyJson: HttpFilter = {
 *   name: "only-json",
 *   onRequestHead(exchange) {
 *     if (exchange.request.method !== "POST") return;
 *     const type = exchange.request.fields.get("content-type") ?? "";
 *     if (!type.startsWith("application/json")) return exchange.reply(415, "JSON only\n");
 *   },
 *   onResponseHead(exchange) {
 *     exchange.response?.fields.set("x-served-by", "ringway");
 *   },
 * };
 * ```
 */
export interface HttpFilter {
  /** For logs. */
  readonly name: string;
  /** The worker is about to accept connections. If it rejects, the worker does not start. */
  onStart?(worker: FilterWorker): MaybePromise<void>;
  /** The worker is about to end. */
  onStop?(): MaybePromise<void>;
  /** A request's head has arrived. What is changed here decides about the route. */
  onRequestHead?(exchange: HttpExchange): MaybePromise<FilterReply | Nothing>;
  /** The route was chosen, see {@linkcode HttpExchange.route}. */
  onRoute?(exchange: HttpExchange): MaybePromise<FilterReply | Nothing>;
  /**
   * The response's head has arrived, the endpoint's or one that the proxy or a filter made. A reply takes its place.
   * Not called for interim responses (1xx), nor where the request's head could not be read.
   */
  onResponseHead?(exchange: HttpExchange): MaybePromise<FilterReply | Nothing>;
  /** The exchange is over, in whatever way: the last call. Also after a request that could not be read. */
  onEnd?(exchange: HttpExchange): void;
}

/** The worker that a filter runs in. */
export interface FilterWorker {
  /** Its number, from 0. */
  readonly index: number;
  /** How many there are: a limit over all is divided by it. */
  readonly count: number;
  /** Write a line to the log. */
  log(level: "debug" | "info" | "warning" | "error", message: string): void;
}

/** A response that a filter makes. Made by {@linkcode HttpExchange.reply}. */
export interface FilterReply {
  /** 200 to 599 */
  readonly status: number;
  readonly body: Uint8Array;
  /** Names and values. Content-Length, Date and what is about the connection are added. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** A request and its response. Used again for nothing else; no hook but `onEnd` may use it after its own promise. */
export interface HttpExchange {
  readonly request: FilterRequest;
  /** From the response's head on. */
  readonly response: FilterResponse | null;
  /** The client's IP address as the proxy sees it; with trusted hops, as the outermost of them says. */
  readonly client: string;
  /** As in X-Request-Id. */
  readonly requestId: string;
  /** From `onRoute` on; `null` also if no route matched. */
  readonly route: FilterRoute | null;
  /** What filters keep for the request, by names of their own. */
  readonly state: Map<string, unknown>;
  /** The endpoint that served it, from `onResponseHead` on; empty if none did. */
  readonly upstream: string;
  /**
   * Why the proxy answered itself, or cut the response short: a short flag, see docs/http.md; `-`: it did not. `FR`: a
   * filter answered.
   */
  readonly flag: string;
  /** Of the response that was sent, or is about to be; 0: none was. */
  readonly status: number;
  /** When the request's head had arrived, in milliseconds since 1970. */
  readonly startMs: number;
  /** Since then, in milliseconds. */
  readonly durationMs: number;
  /** Bytes of the request's body so far, without framing. */
  readonly receivedBytes: number;
  /** Bytes of the response's body that were sent so far. */
  readonly sentBytes: number;
  /** Make a response, to be returned by a hook. Throws a RangeError or TypeError for what can't be sent. */
  reply(status: number, body?: string | Uint8Array, fields?: Readonly<Record<string, string>>): FilterReply;
}

/** The route of a request. */
export interface FilterRoute {
  readonly name: string;
  readonly virtualHost: string;
  /** The cluster that was chosen, or empty if the route answers itself. `onRoute` may set another one, by its name. */
  cluster: string;
}

/** What requests and responses have in common. */
export interface FilterMessage {
  readonly fields: FilterFields;
  /** Has it a body? Not known to be empty is enough. */
  readonly hasBody: boolean;
  /**
   * Let the body pass through; only from within the hook of this message's head. Several are run one after the other.
   * The body's length is not known any more then, and it is sent in chunks. An HTTP/1.0 client sees the end of a
   * connection.
   */
  transformBody(transform: BodyTransform): void;
  /** Send this in the place of the body. What comes of the old one is read and dropped. */
  replaceBody(body: string | Uint8Array | ReadableStream<Uint8Array>): void;
  /**
   * Wait for the whole body, which is passed on afterwards, unless it is replaced. Rejects with a RingwayError of code
   * `ERR_BODY_TOO_LARGE` if it is longer than `limitBytes`; what rejects with that is answered with 413 for a request
   * and 502 for a response.
   */
  readBody(limitBytes: number): Promise<Uint8Array>;
}

/** A request's head. What is set must be valid HTTP, or a TypeError is thrown. */
export interface FilterRequest extends FilterMessage {
  method: string;
  /** Path and query, as they were sent, percent-encoded. */
  target: string;
  /** `target` up to the query. */
  readonly path: string;
  /** Behind the question mark, without it. */
  readonly query: string;
  /** Host and port as the client sent them, in its spelling. Empty: HTTP/1.0 without Host. */
  host: string;
  /** `1.1` or `1.0` */
  readonly version: string;
}

/** A response's head. */
export interface FilterResponse extends FilterMessage {
  /** 200 to 599 */
  status: number;
  /** Did the proxy or a filter make it? */
  readonly isLocal: boolean;
}

/**
 * The fields of a head. Names are compared in any case. Content-Length, Transfer-Encoding, Connection, Upgrade, TE,
 * Trailer, Keep-Alive and Host can be read here and not be changed: the proxy answers for them.
 */
export interface FilterFields extends Iterable<readonly [name: string, value: string]> {
  /** The values of all fields of that name, joined by a comma; `null`: none. */
  get(name: string): string | null;
  /** Each of them; needed for Set-Cookie. */
  getAll(name: string): string[];
  has(name: string): boolean;
  /** One field in the place of all of that name. */
  set(name: string, value: string): void;
  /** One more. */
  append(name: string, value: string): void;
  delete(name: string): void;
}

/** What a {@linkcode BodyTransform} passes on: nothing, one piece, or some. */
export type BodyPieces = Uint8Array | readonly Uint8Array[] | Nothing;

/** Changes a body on its way. A piece that it is given is its own. */
export interface BodyTransform {
  /** A piece has arrived. While its promise is not settled, no other comes, and the sender is held back. */
  onPiece(piece: Uint8Array): MaybePromise<BodyPieces>;
  /** The body is complete. */
  onEnd?(): MaybePromise<BodyPieces>;
  /** The body will never be complete: let go of what is held. */
  onAbort?(): void;
}
