/**
 * Responses that the proxy makes itself.
 *
 * @module
 */
import { ascii } from "./bytes.ts";
import type { Reason } from "./reasons.ts";
import { type LocalReplyBytes, type ReplyEdits, type ReplyField, replyBytes } from "./reply.ts";

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
  /** The request's id; empty if it has none. */
  readonly requestId: Uint8Array;
  /** Changes to its fields; `null`: none. */
  readonly edits: ReplyEdits | null;
}

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

/** Make the whole response. */
export function localReply(reply: LocalReply): LocalReplyBytes {
  const { status, isJson, isHeadOnly, isLast, date } = reply;
  const error = reply.detail === "" ? reply.reason.text : `${reply.reason.text}: ${reply.detail}`;
  const requestId = new TextDecoder().decode(reply.requestId);
  const said = { status, error, reason: reply.reason.flag, ...(requestId === "" ? {} : { request_id: requestId }) };
  const ofRequest = requestId === "" ? "" : ` (request ${requestId})`;
  const body = isJson ? `${JSON.stringify(said)}\n` : `${status} ${error}${ofRequest}\n`;
  const fields: ReplyField[] = [
    ["content-type", isJson ? "application/json" : "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ];
  if (status === 405 || status === 200) fields.push(["allow", ALLOWED_METHODS]);
  if (requestId !== "") fields.push(["x-request-id", requestId]);
  if (status === 503) fields.push(["retry-after", "1"]);
  return replyBytes(status, fields, ascii(body), { isHeadOnly, isLast, date, edits: reply.edits });
}
