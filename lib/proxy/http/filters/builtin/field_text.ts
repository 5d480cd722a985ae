/**
 * The texts that fields of a head are made of.
 *
 * @module
 */
import type { FilterFields } from "../filter.ts";

/**
 * Can it be a field's value and arrive as it is (RFC 9110 section 5.5)? Only ASCII: what other bytes mean is not
 * defined. Not with space around it, which recipients drop.
 */
export function isFieldValue(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text) && text.trim() === text;
}

/** As a quoted-string (RFC 9110 section 5.6.4). */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The elements of a list that is separated by commas (RFC 9110 section 5.6.1). */
export function listItems(value: string): string[] {
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Say that the response depends on this field of the request (RFC 9110 section 12.5.5). */
export function addVary(fields: FilterFields, name: string): void {
  const names = listItems(fields.get("vary") ?? "");
  const isThere = names.some((other) => other === "*" || other.toLowerCase() === name.toLowerCase());
  if (!isThere) fields.append("Vary", name);
}
