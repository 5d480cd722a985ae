/**
 * The answers of the built-in filters.
 *
 * @module
 */
import type { FilterReply, HttpExchange } from "../filter.ts";

/** A response with a line of text. */
export function textReply(
  exchange: HttpExchange,
  status: number,
  text: string,
  fields: Readonly<Record<string, string>> = {},
): FilterReply {
  return exchange.reply(status, `${text}\n`, { "Content-Type": "text/plain; charset=utf-8", ...fields });
}
