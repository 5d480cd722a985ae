/**
 * Which fields of a head are forwarded as they are.
 *
 * @module
 */
import { FIELD_WORDS, type Head, valueEnd, valueStart } from "../../http/head.ts";
import { FIELD_COUNT } from "../../http/known_fields.ts";
import { copy } from "./bytes.ts";

/** A table with 1 at the numbers of these fields. */
export function fieldTable(ids: readonly number[]): Uint8Array {
  const table = new Uint8Array(FIELD_COUNT);
  for (const id of ids) table[id] = 1;
  return table;
}

/** Where the line of a field ends, behind its CRLF. */
function lineEnd(head: Head, field: number): number {
  return field + 1 < head.fieldCount ? (head.fields[(field + 1) * FIELD_WORDS] as number) : head.length - 2;
}

/**
 * Copy the lines of all fields but those that must not be forwarded and those in `dropped`, except the field
 * `kept` (-1: none). Lines that stay together are copied together. So is what comes before the first one, from `start`
 * on (-1: nothing). Returns where they end.
 */
export function putFields(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  dropped: Uint8Array,
  kept: number,
  start: number,
): number {
  const { fieldCount, fields, fieldIds, hopByHop } = head;
  let end = at;
  let runStart = start;
  for (let field = 0; field < fieldCount; field++) {
    const isDropped = (hopByHop[field] as number) | (dropped[fieldIds[field] as number] as number);
    if (isDropped !== 0 && field !== kept) {
      if (runStart >= 0) {
        end = copy(target, end, source, base + runStart, base + (fields[field * FIELD_WORDS] as number));
        runStart = -1;
      }
    } else if (runStart < 0) {
      runStart = fields[field * FIELD_WORDS] as number;
    }
  }
  if (runStart >= 0) end = copy(target, end, source, base + runStart, base + lineEnd(head, fieldCount - 1));
  return end;
}

/**
 * Leave out the fields that must not be forwarded, where the head stands: what comes before each one moves towards the
 * end. Returns how many bytes at the start are not of the head any more; what `head` says about it is not true then.
 */
export function closeGaps(head: Head, memory: Uint8Array, base: number): number {
  const { fields, hopByHop } = head;
  let removedBytes = 0;
  // The part between two of them, or before the first one.
  let partEnd = head.length;
  for (let field = head.fieldCount - 1; field >= 0; field--) {
    if (hopByHop[field] === 0) continue;
    const end = lineEnd(head, field);
    if (removedBytes > 0) memory.copyWithin(base + end + removedBytes, base + end, base + partEnd);
    partEnd = fields[field * FIELD_WORDS] as number;
    removedBytes += end - partEnd;
  }
  if (removedBytes > 0) memory.copyWithin(base + removedBytes, base, base + partEnd);
  return removedBytes;
}

/** Copy the value of a field. Returns where it ends. */
export function putValue(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  field: number,
): number {
  return copy(target, at, source, valueStart(head, base, field), valueEnd(head, base, field));
}
