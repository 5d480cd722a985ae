/**
 * The options and events of the dev proxy. Their names and meanings are those of http-proxy, httpxy and
 * http-proxy-middleware; docs/dev-proxy.md has what differs.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { HttpFilter, MaybePromise } from "../proxy/http/filters/filter.ts";

/** Where requests go, in parts. */
export interface DevProxyTarget {
  /** `http:`, which is the default, or `ws:`. */
  readonly protocol?: string;
  /** A name or an IP address, and the Host field that `changeOrigin` sets; by default `localhost`. */
  readonly host?: string;
  /** 1 to 65535; by default 80. */
  readonly port?: number | string;
  /** The path of a unix socket, in the place of host and port. */
  readonly socketPath?: string;
}

/** From old to new; `*` is for all that are not named, and an empty text removes the attribute. */
export type CookieRewrite = false | string | Readonly<Record<string, string>>;

/** Messages of the proxy, such as that its target does not answer. `console` is one. */
export interface DevProxyLogger {
  /** What happens in the ordinary course of things. */
  info(message: string): void;
  /** What is not as it should be, such as a target that does not answer. */
  warn(message: string): void;
  /** What a handler or a filter threw. */
  error(message: string): void;
}

/** Which requests go to which target, and how. */
export interface DevProxyOptions {
  /** Where they go: `http://localhost:3000`, with a path that is put before all paths if it has one. */
  readonly target: string | URL | DevProxyTarget;
  /** Gets a copy of all requests; what it answers is dropped. */
  readonly forward?: string | URL | DevProxyTarget;
  /**
   * Only requests with such a path: a beginning (`/api`), a pattern with `*` (within a segment) or `**`, several of
   * those, of which one with `!` before it excludes, or a function. By default all.
   */
  readonly pathFilter?: string | readonly string[] | ((pathname: string, req: DevProxyRequest) => boolean);
  /**
   * Another path: by regular expressions, of which the first one that matches is replaced by its value, or by a
   * function. Both get the path with its query.
   */
  readonly pathRewrite?:
    | Readonly<Record<string, string>>
    | ((path: string, req: DevProxyRequest) => MaybePromise<string | undefined>);
  /** Make the Host field the target's. */
  readonly changeOrigin?: boolean;
  /** Let WebSockets through. */
  readonly ws?: boolean;
  /** Add X-Forwarded-For, -Host, -Port and -Proto. What a client claims there is removed in any case. */
  readonly xfwd?: boolean;
  /** Put the target's path before that of the request; by default true. */
  readonly prependPath?: boolean;
  /** Ask for the target's path only, whatever was asked for. */
  readonly ignorePath?: boolean;
  /** Fields that are set in requests. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** `user:password`, for requests without Authorization. */
  readonly auth?: string;
  /** The host in the Location of the target's redirects to itself. */
  readonly hostRewrite?: string;
  /** The same, by the Host field of the request. */
  readonly autoRewrite?: boolean;
  /** The same, for the scheme. */
  readonly protocolRewrite?: "http" | "https" | null;
  /** The domain of cookies that the target sets. */
  readonly cookieDomainRewrite?: CookieRewrite;
  /** The path of cookies that the target sets. */
  readonly cookiePathRewrite?: CookieRewrite;
  /** How long the target may take to answer, in milliseconds; then 504. By default, and with 0, as long as it likes. */
  readonly proxyTimeout?: number;
  /** How long a body or a WebSocket may be silent, in milliseconds. By default, and with 0, as long as it likes. */
  readonly timeout?: number;
  /** Is about targets with TLS, which are not there: without effect. */
  readonly secure?: boolean;
  /** Without effect: the letter case of fields is always kept. */
  readonly preserveHeaderKeyCase?: boolean;
  /** Handlers of events, as {@linkcode DevProxy.on} adds them, for these requests only. */
  readonly on?: Partial<DevProxyEvents>;
  /** Where messages go; of several, the first one. By default, they are warnings of the process. */
  readonly logger?: DevProxyLogger;
  /** Filters of ringway, for these requests only: to change bodies, for example. */
  readonly filters?: readonly HttpFilter[];
}

/** The request of a client. Its parts are named as those of `http.IncomingMessage`. */
export interface DevProxyRequest {
  /** Such as `GET`. */
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** `1.1` or `1.0` */
  readonly httpVersion: string;
  /** Where it comes from: an IP address. */
  readonly socket: { readonly remoteAddress: string };
}

/** The request as the target gets it. Its parts are named as those of `http.ClientRequest`. */
export interface DevProxyTargetRequest {
  /** Such as `GET`. */
  readonly method: string;
  /** Path and query; may be changed. */
  path: string;
  /** The value of a field; a list, if there are several of that name. */
  getHeader(name: string): string | string[] | undefined;
  /** Is there such a field? */
  hasHeader(name: string): boolean;
  /**
   * A field in the place of all of that name.
   *
   * @throws {TypeError} for what is not valid, and for fields that frame a message or are about its connection
   * @throws {RingwayError} `ERR_DEV_PROXY` for X-Forwarded-* without the option `xfwd`, which would be removed again
   */
  setHeader(name: string, value: string | number | readonly string[]): void;
  /** No field of that name. Throws a TypeError as `setHeader` does. */
  removeHeader(name: string): void;
}

/** The response of the target. Its parts are named as those of `http.IncomingMessage`. */
export interface DevProxyTargetResponse {
  /** 200 to 599 */
  readonly statusCode: number;
  /** By names in lower case; what is changed here is what the client gets. */
  readonly headers: Record<string, string | string[] | undefined>;
}

/** What the client gets. Its parts are named as those of `http.ServerResponse`. */
export interface DevProxyReply {
  /** For `end`. */
  statusCode: number;
  /** Was it ended, or has the target's response begun? */
  readonly headersSent: boolean;
  /** A field that was set here; a list, if it was set as one. */
  getHeader(name: string): string | readonly string[] | undefined;
  /** A field of the response, the target's or the one of `end`. */
  setHeader(name: string, value: string | number | readonly string[]): void;
  /** Set no such field. One of the target's stays. */
  removeHeader(name: string): void;
  /** Status and fields for `end`. */
  writeHead(statusCode: number, headers?: Readonly<Record<string, string | number | readonly string[]>>): this;
  /** A piece of the body for `end`. */
  write(text: string | Uint8Array): void;
  /** Answer with this: the target is not asked, or what it answers is dropped. In vain if `headersSent`. */
  end(text?: string | Uint8Array): void;
}

/** What is told on a request's way. If a handler returns a promise, the request waits for it. */
export interface DevProxyEvents {
  /** A request has come. */
  readonly start: (req: DevProxyRequest, res: DevProxyReply, target: string) => unknown;
  /** It is about to be sent. */
  readonly proxyReq: (
    proxyReq: DevProxyTargetRequest,
    req: DevProxyRequest,
    res: DevProxyReply,
    options: DevProxyOptions,
  ) => unknown;
  /** The same for a WebSocket. */
  readonly proxyReqWs: (
    proxyReq: DevProxyTargetRequest,
    req: DevProxyRequest,
    res: DevProxyReply,
    options: DevProxyOptions,
  ) => unknown;
  /** The head of the target's response is here. */
  readonly proxyRes: (proxyRes: DevProxyTargetResponse, req: DevProxyRequest, res: DevProxyReply) => unknown;
  /** The target can't be reached, or its response fails. Without `res.end` the client gets a 502, 503 or 504. */
  readonly error: (error: RingwayError, req: DevProxyRequest, res: DevProxyReply, target: string) => unknown;
  /** The response is complete. */
  readonly end: (req: DevProxyRequest, res: DevProxyReply, proxyRes: DevProxyTargetResponse) => unknown;
  /** A WebSocket has ended. */
  readonly close: (req: DevProxyRequest) => unknown;
}

/** The names of the events. */
export const EVENT_NAMES: readonly (keyof DevProxyEvents)[] = [
  "start",
  "proxyReq",
  "proxyReqWs",
  "proxyRes",
  "error",
  "end",
  "close",
];
