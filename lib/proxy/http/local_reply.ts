/**
 * Responses that the proxy makes itself.
 *
 * @module
 */
import { ascii } from "./bytes.ts";
import type { Reason } from "./reasons.ts";
import { type LocalReplyBytes, type ReplyField, replyBytes } from "./reply.ts";

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

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

/** Make the whole response. */
export function localReply(reply: LocalReply): LocalReplyBytes {
  const { status, isJson, isHeadOnly, isLast, date } = reply;
  const error = reply.detail === "" ? reply.reason.text : `${reply.reason.text}: ${reply.detail}`;
  const body = isJson ? `${JSON.stringify({ status, error, reason: reply.reason.flag })}\n` : `${status} ${error}\n`;
  const fields: ReplyField[] = [
    ["content-type", isJson ? "application/json" : "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ];
  if (status === 405 || status === 200) fields.push(["allow", ALLOWED_METHODS]);
  if (status === 503) fields.push(["retry-after", "1"]);
  return replyBytes(status, fields, ascii(body), { isHeadOnly, isLast, date, edits: null });
}
