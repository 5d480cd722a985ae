/**
 * What goes wrong with requests and responses.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";

/**
 * - `ERR_HANDLER`: the handler threw, or what it returned is no `Response` that can be sent
 * - `ERR_RESPONSE_BODY`: the stream of a response's body failed, or is not as long as its Content-Length says
 * - `ERR_ACCEPT`: connections can't be accepted for now
 */
export type HttpServerErrorCode = "ERR_HANDLER" | "ERR_RESPONSE_BODY" | "ERR_ACCEPT";

/** What went wrong in a server and no client can be told in detail. Its `cause` is what was thrown. */
export class HttpServerError extends RingwayError {
  /** @internal */
  constructor(code: HttpServerErrorCode, message: string, cause?: unknown) {
    super(message, { code, source: "internal", operation: "serve HTTP", cause });
  }
}

/**
 * A request's body that can't be read to its end: its `code` is that of the rule that it breaks, such as
 * `ERR_HTTP_CHUNK_SIZE`, or
 *
 * - `ERR_BODY_INCOMPLETE`: the client closed its connection, or sent nothing for too long
 * - `ERR_BODY_DROPPED`: the response was complete before
 */
export class RequestBodyError extends RingwayError {
  /** @internal */
  constructor(code: string, message: string) {
    super(message, { code, source: "downstream", operation: "receive a request's body" });
  }
}

/**
 * - `ERR_URL`: no URL that can be fetched: another scheme than `http:`, or with a password
 * - `ERR_TLS`: `https:` is not there yet
 * - `ERR_REQUEST`: a method, a field or a body that can't be sent
 * - `ERR_REDIRECT`: a redirect, where they are errors
 * - `ERR_NAME`: the host's name can't be resolved
 * - `ERR_CONNECT`: no connection could be made; the `cause` is a `SocketError`
 * - `ERR_CONNECT_TIMEOUT`, `ERR_RESPONSE_TIMEOUT`, `ERR_BODY_TIMEOUT`: it took too long
 * - `ERR_POOL`: too many requests wait for a connection, or one waited too long
 * - `ERR_UPSTREAM_CLOSED`: the server closed the connection before the response
 * - `ERR_RESPONSE`: the response breaks a rule of HTTP, and nothing of it is used
 * - `ERR_BODY_INCOMPLETE`: the connection ended in the response's body
 * - `ERR_CLIENT_CLOSED`: the client was closed
 */
export type HttpClientErrorCode =
  | "ERR_URL"
  | "ERR_TLS"
  | "ERR_REQUEST"
  | "ERR_REDIRECT"
  | "ERR_NAME"
  | "ERR_CONNECT"
  | "ERR_CONNECT_TIMEOUT"
  | "ERR_RESPONSE_TIMEOUT"
  | "ERR_BODY_TIMEOUT"
  | "ERR_POOL"
  | "ERR_UPSTREAM_CLOSED"
  | "ERR_RESPONSE"
  | "ERR_BODY_INCOMPLETE"
  | "ERR_CLIENT_CLOSED";

/** Codes for mistakes of the caller, and for what the caller has done. */
const OWN_CODES: ReadonlySet<HttpClientErrorCode> = new Set<HttpClientErrorCode>([
  "ERR_URL",
  "ERR_TLS",
  "ERR_REQUEST",
  "ERR_CLIENT_CLOSED",
]);

/** A request that an {@linkcode HttpClient} could not carry out. */
export class HttpClientError extends RingwayError {
  /** Which it is; it never changes. */
  declare readonly code: HttpClientErrorCode;

  /** @internal */
  constructor(code: HttpClientErrorCode, message: string, cause?: unknown) {
    super(message, { code, source: OWN_CODES.has(code) ? "internal" : "upstream", operation: "fetch", cause });
  }
}
