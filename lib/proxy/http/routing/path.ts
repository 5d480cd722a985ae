/**
 * The path of a request's target.
 *
 * @module
 */
import { asciiBytes, IS_TARGET, PERCENT } from "../../../http/characters.ts";
import { type Head, TARGET_ABSOLUTE, TARGET_ORIGIN } from "../../../http/head.ts";
import { ascii } from "../bytes.ts";
import { decodedByte, hasDotSegments } from "./dot_segments.ts";

/** Letters, digits, `-`, `.`, `_` and `~`: percent-encoded they are the same (RFC 3986 section 2.3). */
const IS_UNRESERVED: Uint8Array = new Uint8Array(256);
for (const byte of asciiBytes("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
  IS_UNRESERVED[byte] = 1;
}

const ROOT: Uint8Array = ascii("/");
const SCRATCH_BYTES = 1024;
const decoder = new TextDecoder();

/**
 * A path as it is compared: without the query, and with `%61` as `a`, which every server reads so (RFC 3986 section
 * 6.2.2.2). All other bytes stay as they came: `%2F` is no slash here, and `//` is no `/`. One object is used for many
 * requests; it is true until the next `read`.
 */
export class PathView {
  /** Is there one? The authority form and the asterisk form have none. */
  isPresent = false;
  memory: Uint8Array = ROOT;
  start = 0;
  end = 0;
  #scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);

  /** Look at the path of another request. */
  read(head: Head, memory: Uint8Array, base: number): void {
    this.isPresent = head.targetForm === TARGET_ORIGIN || head.targetForm === TARGET_ABSOLUTE;
    this.memory = memory;
    this.start = base + head.pathStart;
    this.end = base + pathEnd(head);
    if (this.start === this.end) {
      // `http://example.com` is `http://example.com/` (RFC 9110 section 4.2.3).
      this.memory = ROOT;
      this.start = 0;
      this.end = 1;
      return;
    }
    for (let at = this.start; at < this.end; at++) {
      if (memory[at] === PERCENT) {
        this.#decode();
        return;
      }
    }
  }

  /** The path as a text. */
  text(): string {
    return decoder.decode(this.memory.subarray(this.start, this.end));
  }

  #decode(): void {
    const { memory, start, end } = this;
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array(2 * (end - start));
    this.end = decodeUnreserved(this.#scratch, memory, start, end);
    this.memory = this.#scratch;
    this.start = 0;
  }
}

/** Where a request's path ends, before the query; counted from the head's first byte. */
export function pathEnd(head: Head): number {
  return head.queryStart >= 0 ? head.queryStart : head.pathEnd;
}

/** The bytes of a path from a configuration, as requests' paths are compared. */
export function comparedPath(path: string): Uint8Array {
  const bytes = ascii(path);
  const decoded = new Uint8Array(bytes.length);
  return decoded.subarray(0, decodeUnreserved(decoded, bytes, 0, bytes.length));
}

/** What is wrong with a path from a configuration, or null. */
export function checkPath(path: string): string | null {
  if (!path.startsWith("/")) return `"${path}" does not begin with a slash`;
  if (path.includes("?")) return `"${path}" has a "?": a path is given without the query`;
  const bytes = ascii(path);
  if (!bytes.every((byte) => IS_TARGET[byte] === 1)) {
    return `"${path}" has a character that is never in a request's path: percent-encode it`;
  }
  if (hasDotSegments(bytes, 0, bytes.length))
    return `"${path}" has a segment "." or "..": requests with one are refused`;
  return null;
}

function decodeUnreserved(target: Uint8Array, memory: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    let byte = memory[at] as number;
    if (byte === PERCENT) {
      const decoded = decodedByte(memory, at, end);
      if (decoded >= 0 && IS_UNRESERVED[decoded] === 1) {
        byte = decoded;
        at += 2;
      }
    }
    target[length++] = byte;
  }
  return length;
}
