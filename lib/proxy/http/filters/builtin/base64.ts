/**
 * Base64 that can be read in one way only.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The bytes of a text in base64 with padding (RFC 4648 section 4), or `null` for anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : null;
}

/** Bytes in base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
