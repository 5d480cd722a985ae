/**
 * The Authorization field of the Basic scheme (RFC 7617).
 *
 * @module
 */
import { decodeBase64 } from "./base64.ts";
import { hasControls } from "./password_hash.ts";

/** Longer ones are nobody's. */
const MAXIMUM_LENGTH = 4096;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Who a client says it is. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/** The credentials in the field's value, or `null` if it has none. */
export function parseBasicCredentials(value: string): BasicCredentials | null {
  if (value.length > MAXIMUM_LENGTH) return null;
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(value)?.[1] ?? "";
  const text = decodeText(encoded);
  const colon = text?.indexOf(":") ?? -1;
  if (text === null || colon < 0 || hasControls(text)) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decodeText(encoded: string): string | null {
  const bytes = decodeBase64(encoded);
  if (bytes === null) return null;
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
