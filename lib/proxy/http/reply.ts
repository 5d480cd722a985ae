/**
 * The bytes of a response that does not come from an endpoint.
 *
 * @module
 */
import { hasNoBody, statusText } from "../../http/status.ts";
import { ascii, put } from "./bytes.ts";
import { bytesOf } from "./filters/text.ts";

/** Where and when a response is sent. */
export interface ReplyContext {
  /** Is only the head sent, as after HEAD? */
  readonly isHeadOnly: boolean;
  /** Is the connection closed after it? */
  readonly isLast: boolean;
  /** The current date (RFC 9110 section 5.6.7). */
  readonly date: Uint8Array;
  /** Changes to its fields; null: none. */
  readonly edits: ReplyEdits | null;
}

/** Changes to the fields of a response, such as `HeaderEdits`. */
export interface ReplyEdits {
  /** Lines of fields that are added, each with its CRLF. */
  readonly appended: Uint8Array;
  /** Is the field left out? The name is in lower case. */
  isNamed(name: string): boolean;
}

/** A whole response. */
export interface LocalReplyBytes {
  readonly bytes: Uint8Array;
  /** How many of them are the body. */
  readonly bodyBytes: number;
}

/** A field of a response. */
export type ReplyField = readonly [name: string, value: string];

const RESET_CONTENT = 205;
const NOTHING: Uint8Array = new Uint8Array(0);
const END_OF_LINE: Uint8Array = ascii("\r\n");
const decoder = new TextDecoder();

/**
 * Make a response. Names of the fields are in lower case, and values are valid: a character stands for a byte. Its
 * length, the date and what is about the connection are added. A status that has no body gets none.
 */
export function replyBytes(
  status: number,
  fields: readonly ReplyField[],
  body: Uint8Array,
  context: ReplyContext,
): LocalReplyBytes {
  const { edits } = context;
  const content = hasNoBody(status) || status === RESET_CONTENT ? NOTHING : body;
  const hasDate = fields.some(([name]) => name === "date");
  const own = hasDate ? fields : [...fields, ["date", decoder.decode(context.date)] as const];
  const kept = edits === null ? own : own.filter(([name]) => !edits.isNamed(name));
  const lines = [`HTTP/1.1 ${status} ${statusText(status)}`, ...kept.map(([name, value]) => `${name}: ${value}`)];
  if (!hasNoBody(status)) lines.push(`content-length: ${content.length}`);
  if (context.isLast) lines.push("connection: close");
  const head = bytesOf(`${lines.join("\r\n")}\r\n`);
  const sent = context.isHeadOnly ? NOTHING : content;
  const appended = edits?.appended ?? NOTHING;
  const bytes = new Uint8Array(head.length + appended.length + 2 + sent.length);
  let end = put(bytes, 0, head);
  end = put(bytes, end, appended);
  end = put(bytes, end, END_OF_LINE);
  put(bytes, end, sent);
  return { bytes, bodyBytes: sent.length };
}
