/**
 * The answers of routes that need no endpoint.
 *
 * @module
 */
import { statusText } from "../../../http/status.ts";
import { ascii } from "../bytes.ts";
import { type LocalReplyBytes, type ReplyContext, type ReplyField, replyBytes } from "../reply.ts";
import type { DirectResponse } from "./route_options.ts";

/** A direct response; `body` is its body in bytes (`Route.body`). */
export function directResponse(response: DirectResponse, body: Uint8Array, context: ReplyContext): LocalReplyBytes {
  const { status, contentType } = response;
  const fields: ReplyField[] = contentType === "" || body.length === 0 ? [] : [["content-type", contentType]];
  return replyBytes(status, fields, body, context);
}

/** A redirect to a location (`Route.redirectLocation`), with a short text for those who don't follow it. */
export function redirectResponse(status: number, location: string, context: ReplyContext): LocalReplyBytes {
  const fields: ReplyField[] = [
    ["location", location],
    ["content-type", "text/plain; charset=utf-8"],
  ];
  return replyBytes(status, fields, ascii(`${status} ${statusText(status)}: ${location}\n`), context);
}
