/**
 * The head of the response that a handler returned.
 *
 * @module
 */
import { hasNoBody, statusText } from "../http/status.ts";
import { ascii } from "../proxy/http/bytes.ts";
import { SEND_CHUNKED, SEND_NOTHING, SEND_PLAIN } from "./body_writer.ts";
import { isOfConnection } from "./connection_fields.ts";
import type { HeadWriter } from "./head_writer.ts";

/** What the response is an answer to. */
export interface ResponseFacts {
  /** Is only the head sent, as after HEAD? */
  readonly isHeadOnly: boolean;
  /** Does the client speak HTTP/1.0? */
  readonly isOldClient: boolean;
  /** Is the connection closed after it in any case? */
  readonly isLast: boolean;
  /** The current date (RFC 9110 section 5.6.7). */
  readonly date: Uint8Array;
}

/** How the response is sent. */
export interface ResponseHead {
  readonly bytes: Uint8Array;
  /** A `SEND_` number. */
  readonly framing: number;
  /** The length that it says, or -1. */
  readonly promisedBytes: number;
  /** Is the connection closed after it? */
  readonly isLast: boolean;
}

const RESET_CONTENT = 205;
const OK: Uint8Array = ascii("HTTP/1.1 200 OK\r\n");
const DATE: Uint8Array = ascii("date: ");
const END_OF_LINE: Uint8Array = ascii("\r\n");
const CONTENT_LENGTH: Uint8Array = ascii("content-length: ");
const CHUNKED: Uint8Array = ascii("transfer-encoding: chunked\r\n");
const CLOSE: Uint8Array = ascii("connection: close\r\n");
const KEEP_ALIVE: Uint8Array = ascii("connection: keep-alive\r\n");

/**
 * Write the head. How the body is framed, and what becomes of the connection, is ours to say: of the fields that a
 * handler sets for that, a Content-Length counts where the body's length is not known, and `connection: close` does.
 *
 * `bodyBytes`: the length of the body, or -1 if it is not known. Throws a `TypeError` for what can't be sent.
 */
export function writeResponseHead(
  writer: HeadWriter,
  response: Response,
  bodyBytes: number,
  facts: ResponseFacts,
): ResponseHead {
  const { status } = response;
  if (status < 200) throw new TypeError(whyNot(response));
  writer.begin();
  if (status === 200 && response.statusText === "") writer.bytes(OK);
  else writer.line(`HTTP/1.1 ${status} ${response.statusText || statusText(status)}`);
  let { isLast } = facts;
  let saidBytes = -1;
  let hasDate = false;
  // An iterator takes Deno five times as long.
  response.headers.forEach((value, name) => {
    switch (name) {
      case "content-length":
        saidBytes = parseLength(value);
        return;
      case "connection":
        if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) isLast = true;
        return;
      case "date":
        hasDate = true;
    }
    if (!isOfConnection(name)) writer.field(name, value);
  });
  const isEmpty = hasNoBody(status);
  const promisedBytes = isEmpty || facts.isHeadOnly ? -1 : bodyBytes >= 0 ? bodyBytes : saidBytes;
  let framing = SEND_PLAIN;
  if (isEmpty || facts.isHeadOnly) {
    framing = SEND_NOTHING;
    // That of the response to GET (RFC 9110 section 8.6), which a handler for HEAD without a body does not know.
    const lengthBytes = saidBytes >= 0 || status === 304 ? saidBytes : bodyBytes > 0 ? bodyBytes : -1;
    if (lengthBytes >= 0 && status !== 204) writer.decimalField(CONTENT_LENGTH, lengthBytes);
  } else if (promisedBytes >= 0 || status === RESET_CONTENT) {
    writer.decimalField(CONTENT_LENGTH, Math.max(0, promisedBytes));
  } else if (facts.isOldClient) {
    isLast = true;
  } else {
    framing = SEND_CHUNKED;
    writer.bytes(CHUNKED);
  }
  if (!hasDate) {
    writer.bytes(DATE);
    writer.bytes(facts.date);
    writer.bytes(END_OF_LINE);
  }
  if (isLast) writer.bytes(CLOSE);
  else if (facts.isOldClient) writer.bytes(KEEP_ALIVE);
  return { bytes: writer.end(), framing, promisedBytes, isLast };
}

function whyNot({ status, type }: Response): string {
  if (status === 101) return "serve() does not switch protocols: WebSockets are not among what it serves";
  return type === "error" ? "Response.error() is no response that can be sent" : `${status} is no final status`;
}

/** The value of a Content-Length field (RFC 9110 section 8.6). */
function parseLength(value: string): number {
  const bytes = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new TypeError(`The response's Content-Length is not one decimal number: ${JSON.stringify(value)}`);
}
