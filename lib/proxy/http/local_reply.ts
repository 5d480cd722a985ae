/**
 * Responses that the proxy makes itself.
 *
 * @module
 */
import { ascii } from "./bytes.ts";
import type { Reason } from "./reasons.ts";

/** What a response of the proxy's own depends on. */
export interface LocalReply {
  readonly reason: Reason;
  /** The status, where the reason leaves it open. */
  readonly status: number;
  /** More about what is wrong, safe to be shown. */
  readonly detail: string;
  /** Is the body JSON, as the client asked for? */
  readonly isJson: boolean;
  /** Is only the head sent, as after HEAD? */
  readonly isHeadOnly: boolean;
  readonly isLast: boolean;
  readonly date: Uint8Array;
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

/** A whole response. */
export interface LocalReplyBytes {
  readonly bytes: Uint8Array;
  /** How many of them are the body. */
  readonly bodyBytes: number;
}

/** Make the whole response. */
export function localReply(reply: LocalReply): LocalReplyBytes {
  const { status, isJson } = reply;
  const statusText = STATUS_TEXT[status] ?? "Error";
  const error = reply.detail === "" ? reply.reason.text : `${reply.reason.text}: ${reply.detail}`;
  const body = isJson ? `${JSON.stringify({ status, error, reason: reply.reason.flag })}\n` : `${status} ${error}\n`;
  const bodyBytes = ascii(body);
  const lines = [
    `HTTP/1.1 ${status} ${statusText}`,
    `content-type: ${isJson ? "application/json" : "text/plain; charset=utf-8"}`,
    `content-length: ${bodyBytes.length}`,
    `date: ${new TextDecoder().decode(reply.date)}`,
    "cache-control: no-store",
  ];
  if (status === 405 || status === 200) lines.push(`allow: ${ALLOWED_METHODS}`);
  if (status === 503) lines.push("retry-after: 1");
  if (reply.isLast) lines.push("connection: close");
  const head = ascii(`${lines.join("\r\n")}\r\n\r\n`);
  if (reply.isHeadOnly) return { bytes: head, bodyBytes: 0 };
  const bytes = new Uint8Array(head.length + bodyBytes.length);
  bytes.set(head);
  bytes.set(bodyBytes, head.length);
  return { bytes, bodyBytes: bodyBytes.length };
}
