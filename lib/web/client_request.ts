/**
 * What a client is asked to fetch, and the head of the request for it.
 *
 * @module
 */
import { isToken } from "../http/characters.ts";
import { METHOD_CONNECT, METHOD_TRACE, methodOf } from "../http/methods.ts";
import { ascii } from "../proxy/http/bytes.ts";
import { SEND_CHUNKED, SEND_NOTHING, SEND_PLAIN } from "./body_writer.ts";
import { isOfConnection } from "./connection_fields.ts";
import { HttpClientError } from "./errors.ts";
import type { HeadWriter } from "./head_writer.ts";

/** What to fetch: the same as for `fetch`. */
export type FetchInput = string | URL | Request;

/** What is sent. */
export interface ClientRequest {
  readonly url: URL;
  readonly method: string;
  /** A `METHOD_` number. */
  readonly methodNumber: number;
  readonly headers: Headers;
  /** Bytes that are there, a stream, or nothing. */
  readonly body: Uint8Array | ReadableStream<unknown> | null;
  /** The length of a body in a stream, if it is known, or -1. */
  readonly bodyBytes: number;
  readonly signal: AbortSignal | null;
  /** Is a redirect an error? */
  readonly failsOnRedirect: boolean;
}

const HOST: Uint8Array = ascii("host: ");
const ACCEPT: Uint8Array = ascii("accept: */*\r\n");
const CONTENT_LENGTH: Uint8Array = ascii("content-length: ");
const CHUNKED: Uint8Array = ascii("transfer-encoding: chunked\r\n");
/** `fetch` writes these in capital letters. */
const CAPITALIZED = /^(?:delete|get|head|options|post|put)$/i;
const encoder = new TextEncoder();

/** Read what `fetch` is given. Throws an {@linkcode HttpClientError}, or a `TypeError` of the runtime's. */
export async function readRequest(input: FetchInput, init: RequestInit): Promise<ClientRequest> {
  const url = readUrl(input);
  const request = input instanceof Request ? input : null;
  const given = init.method ?? request?.method ?? "GET";
  const method = CAPITALIZED.test(given) ? given.toUpperCase() : given;
  const bytes = isToken(method) ? encoder.encode(method) : null;
  const methodNumber = bytes === null ? METHOD_CONNECT : methodOf(bytes, 0, bytes.length);
  if (methodNumber === METHOD_CONNECT || methodNumber === METHOD_TRACE) {
    throw new HttpClientError("ERR_REQUEST", `The method can't be sent: ${JSON.stringify(given)}`);
  }
  if (init.redirect === "follow") {
    throw new HttpClientError("ERR_REQUEST", 'Redirects are not followed: leave redirect out, or set it to "error"');
  }
  const headers = new Headers(init.headers ?? request?.headers);
  const source = init.body === undefined ? bodyOf(request) : init.body;
  if (source !== null && (method === "GET" || method === "HEAD")) {
    throw new HttpClientError("ERR_REQUEST", `A request with the method ${method} has no body`);
  }
  const { body, bodyBytes } = await readBody(source, headers);
  return {
    url,
    method,
    methodNumber,
    headers,
    body,
    bodyBytes,
    signal: init.signal ?? request?.signal ?? null,
    failsOnRedirect: init.redirect === "error",
  };
}

function bodyOf(request: Request | null): BodyInit | null {
  if (request?.bodyUsed === true) {
    throw new HttpClientError("ERR_REQUEST", "The body of the Request was read already");
  }
  return request?.body ?? null;
}

function readUrl(input: FetchInput): URL {
  const text = input instanceof Request ? input.url : String(input);
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new HttpClientError("ERR_URL", `Not a URL: ${JSON.stringify(text)}`, error);
  }
  if (url.protocol === "https:") {
    throw new HttpClientError(
      "ERR_TLS",
      `${url.origin} needs TLS, which is not there yet: use http:, or the runtime's fetch`,
    );
  }
  if (url.protocol !== "http:") throw new HttpClientError("ERR_URL", `Only http: is fetched, and not ${url.protocol}`);
  if (url.username !== "" || url.password !== "") {
    throw new HttpClientError("ERR_URL", `${url.origin}: no names and passwords in URLs; set the field Authorization`);
  }
  return url;
}

interface ReadBody {
  readonly body: Uint8Array | ReadableStream<unknown> | null;
  readonly bodyBytes: number;
}

/** A body, and its type if the request does not name one. */
async function readBody(source: BodyInit | null, headers: Headers): Promise<ReadBody> {
  if (source === null) return { body: null, bodyBytes: 0 };
  if (source instanceof ReadableStream) return { body: source, bodyBytes: lengthIn(headers) };
  if (typeof source === "string") {
    setType(headers, "text/plain;charset=UTF-8");
    return whole(encoder.encode(source));
  }
  if (source instanceof Uint8Array) return whole(source);
  if (source instanceof Blob) {
    setType(headers, source.type);
    return { body: source.stream(), bodyBytes: source.size };
  }
  // The rest is the runtime's to encode.
  const encoded = new Response(source);
  setType(headers, encoded.headers.get("content-type") ?? "");
  return whole(new Uint8Array(await encoded.arrayBuffer()));
}

function whole(body: Uint8Array): ReadBody {
  return { body, bodyBytes: body.length };
}

function setType(headers: Headers, type: string): void {
  if (type !== "" && !headers.has("content-type")) headers.set("content-type", type);
}

/** What the caller says of a stream. */
function lengthIn(headers: Headers): number {
  const value = headers.get("content-length");
  if (value === null) return -1;
  if (/^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new HttpClientError("ERR_REQUEST", `The Content-Length is not one decimal number: ${JSON.stringify(value)}`);
}

/** How the request is sent. */
export interface RequestHead {
  readonly bytes: Uint8Array;
  /** A `SEND_` number. */
  readonly framing: number;
  /** The length that it says, or -1. */
  readonly promisedBytes: number;
}

/**
 * Write the head. How the body is framed is ours to say, and what is for this connection only is left out.
 * `bodyBytes`: the length of the body, or -1. Throws a `TypeError` for a field that can't be sent.
 */
export function writeRequestHead(writer: HeadWriter, request: ClientRequest, bodyBytes: number): RequestHead {
  const { url, method, headers } = request;
  writer.begin();
  writer.text(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n`);
  const host = headers.get("host");
  writer.bytes(HOST);
  writer.line(host ?? url.host);
  let accepts = false;
  headers.forEach((value, name) => {
    switch (name) {
      case "connection":
      case "content-length":
      case "expect":
      case "host":
        return;
      case "accept":
        accepts = true;
    }
    if (!isOfConnection(name)) writer.field(name, value);
  });
  if (!accepts) writer.bytes(ACCEPT);
  const promisedBytes = request.bodyBytes >= 0 ? request.bodyBytes : bodyBytes;
  if (request.body === null) {
    // Where a body is usual, its absence is said (RFC 9110 section 8.6).
    if (method === "POST" || method === "PUT" || method === "PATCH") writer.decimalField(CONTENT_LENGTH, 0);
    return { bytes: writer.end(), framing: SEND_NOTHING, promisedBytes: -1 };
  }
  if (promisedBytes >= 0) {
    writer.decimalField(CONTENT_LENGTH, promisedBytes);
    return { bytes: writer.end(), framing: SEND_PLAIN, promisedBytes };
  }
  writer.bytes(CHUNKED);
  return { bytes: writer.end(), framing: SEND_CHUNKED, promisedBytes: -1 };
}
