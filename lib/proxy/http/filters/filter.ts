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
 * Every hook may be left out. One that throws, rejects, or returns something else than a reply makes the response a 500
 * and a line in the log; one that takes longer than the listener's `filter_timeout_ms`, a 504. What comes of it after
 * that is ignored. A rejection that nobody waits for is logged; an error in a timer of a filter's own ends its worker.
 *
 * @example
 * ```ts
 * import type { HttpFilter } from "@ringway/proxy";
 *
 * const onlyJson: HttpFilter = {
 *   name: "only-json",
 *   onRequestHead(exchange) {
 *     if (exchange.request.method !== "POST") return undefined;
 *     const type = exchange.request.fields.get("content-type") ?? "";
 *     return type.startsWith("application/json") ? undefined : exchange.reply(415, "JSON only\n");
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
   * The response's head has arrived, the endpoint's or one that the proxy or a filter made. A reply takes its place,
   * and no other filter is asked about it; nor is one if the response fails while a filter waits. Not called for
   * interim responses (1xx) and upgrades, where the request's head could not be read, and after a filter's failure.
   */
  onResponseHead?(exchange: HttpExchange): MaybePromise<FilterReply | Nothing>;
  /**
   * The exchange is over, in whatever way: the last call. Also after a request that could not be read, whatever the
   * filter's condition is: {@linkcode HttpExchange.request} throws a TypeError then. Nobody waits for what it does.
   */
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
  /** Without framing. */
  readonly body: Uint8Array;
  /** Names and values. Content-Length, Date and what is about the connection are added. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/**
 * A request and its response. Used again for nothing else; no hook but `onEnd` may use it after its own promise. After
 * the end it says what it said in `onEnd`, and changes nothing any more.
 */
export interface HttpExchange {
  /** Throws a TypeError if the request's head could not be read, which only `onEnd` is told. */
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
  /** As the configuration has it; may be empty. */
  readonly name: string;
  /** The name of the virtual host that it is of. */
  readonly virtualHost: string;
  /**
   * The cluster that was chosen, or empty if the route answers itself. `onRoute` may set another one, by its name.
   * Throws a RangeError for an unknown one, and a TypeError in other hooks.
   */
  cluster: string;
}

/** What requests and responses have in common. */
export interface FilterMessage {
  /** Its fields. */
  readonly fields: FilterFields;
  /** Has it a body? Not known to be empty is enough. A request without one is not given one by a transform. */
  readonly hasBody: boolean;
  /**
   * Let the body pass through; only from within the hook of this message's head. Several are run one after the other.
   * The body's length is not known any more then, and it is sent in chunks. An HTTP/1.0 client sees the end of a
   * connection. What fails on the way cuts the body short, visibly, as its head is sent.
   */
  transformBody(transform: BodyTransform): void;
  /**
   * Send this in the place of the body, through the transforms if there are some. What comes of the old one is read
   * and dropped. A stream is cancelled if it is not sent to its end. Bytes must not be changed afterwards. In vain
   * where the message has no body by its nature (HEAD, 204, 304); not for requests that ask for another protocol.
   */
  replaceBody(body: string | Uint8Array | ReadableStream<Uint8Array>): void;
  /**
   * Wait for the whole body, which is passed on afterwards, unless it is replaced. It is the body as it came, before
   * all transforms, or the one in its place. Rejects with a RingwayError of code `ERR_BODY_TOO_LARGE` if it is longer
   * than `limitBytes`; what rejects with that is answered with 413 for a request and 502 for a response, as is a hook
   * that goes on without replacing the body. `ERR_BODY_INCOMPLETE`: the exchange ended before. `ERR_BODY_READ`: it is
   * being read already, or was longer than an earlier limit.
   */
  readBody(limitBytes: number): Promise<Uint8Array>;
}

/** A request's head. What is set must be valid HTTP, or a TypeError is thrown. */
export interface FilterRequest extends FilterMessage {
  /** Such as `GET`. HEAD, CONNECT and TRACE stay what they are. */
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
  /** As the configuration has it; may be empty. */
  has(name: string): boolean;
  /** One field in the place of all of that name. */
  set(name: string, value: string): void;
  /** One more. */
  append(name: string, value: string): void;
  /** As the configuration has it; may be empty. */
  delete(name: string): void;
}

/** What a {@linkcode BodyTransform} passes on: nothing, one piece, or some. They must not be changed afterwards. */
export type BodyPieces = Uint8Array | readonly Uint8Array[] | Nothing;

/** Changes a body on its way. A piece that it is given is its own. */
export interface BodyTransform {
  /** A piece has arrived. While its promise is not settled, no other comes, and the sender is held back. */
  onPiece(piece: Uint8Array): MaybePromise<BodyPieces>;
  /** The body is complete. */
  onEnd?(): MaybePromise<BodyPieces>;
  /** The body will never be complete, or is not sent: let go of what is held. Called once, and never after the end. */
  onAbort?(): void;
}
