/**
 * Who a client is, where proxies in front of this one are believed.
 *
 * @module
 */

import { type Head, valueEnd, valueStart } from "../../http/head.ts";
import { FIELD_X_FORWARDED_FOR } from "../../http/known_fields.ts";
import { isIP } from "../../net/ip_version.ts";
import { textOf } from "./filters/text.ts";

/**
 * The client's IP address by X-Forwarded-For, in which each trusted proxy has added whom it was talking to; `null` if
 * nobody is trusted or it does not say.
 */
export function trustedClient(head: Head, memory: Uint8Array, base: number, trustedHops: number): string | null {
  if (trustedHops === 0) return null;
  const named: string[] = [];
  let field = head.findField(FIELD_X_FORWARDED_FOR);
  for (; field >= 0; field = head.findField(FIELD_X_FORWARDED_FOR, field + 1)) {
    named.push(...textOf(memory, valueStart(head, base, field), valueEnd(head, base, field)).split(","));
  }
  const address = named[Math.max(0, named.length - trustedHops)]?.trim() ?? "";
  return isIP(address) === 0 ? null : address;
}
