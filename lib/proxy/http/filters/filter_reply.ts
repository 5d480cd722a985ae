/**
 * Responses that filters make.
 *
 * @module
 */
import type { FilterReply } from "./filter.ts";
import { checkField } from "./head_fields.ts";

/** What a hook returned, which may be anything. Throws a TypeError or RangeError for what is no reply. */
export function checkReply(value: unknown): FilterReply {
  const { status, body, fields } = (typeof value === "object" && value !== null ? value : {}) as Partial<FilterReply>;
  if (typeof status !== "number" || !(body instanceof Uint8Array) || !Array.isArray(fields)) {
    throw new TypeError("A hook returns nothing, or what exchange.reply() gives; this one returned something else");
  }
  checkStatus(status);
  for (const [name, value] of fields as FilterReply["fields"]) checkField(name, value);
  return { status, body, fields };
}

/** Make a reply. Throws a TypeError or RangeError for what can't be sent. */
export function makeReply(
  status: number,
  body: string | Uint8Array,
  fields: Readonly<Record<string, string>>,
): FilterReply {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return checkReply({ status, body: bytes, fields: Object.entries(fields) });
}

function checkStatus(status: number): void {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return;
  throw new RangeError(`A reply cannot have the status ${status}: 200 to 599`);
}
