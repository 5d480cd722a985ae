/**
 * What a client takes as an answer of the proxy's own.
 *
 * @module
 */
import { type Head, valueEnd, valueStart } from "../../http/head.ts";
import { FIELD_ACCEPT } from "../../http/known_fields.ts";
import { ascii } from "./bytes.ts";

const JSON_TYPE: Uint8Array = ascii("json");

/** Does the client say that it takes JSON? */
export function acceptsJson(head: Head, memory: Uint8Array, base: number): boolean {
  const field = head.findField(FIELD_ACCEPT);
  if (field < 0) return false;
  const start = valueStart(head, base, field);
  const end = valueEnd(head, base, field) - JSON_TYPE.length;
  for (let at = start; at <= end; at++) {
    let matched = 0;
    while (matched < JSON_TYPE.length && ((memory[at + matched] as number) | 0x20) === JSON_TYPE[matched]) matched++;
    if (matched === JSON_TYPE.length) return true;
  }
  return false;
}
