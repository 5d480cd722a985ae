/**
 * Paths that mean something else to a server than they say.
 *
 * `/public/../admin` begins with `/public/`, and a server that resolves dot segments (RFC 3986 section 5.2.4) answers with
 * `/admin`: a table that sends `/public` to one cluster and keeps `/admin` from everybody would be led around. Such paths
 * are refused and not resolved. Browsers and other clients resolve dot segments before they send a request, so that an
 * honest one has none; and whatever we made of one, a server could make something else of it.
 *
 * @module
 */
import { BACKSLASH, HEX_VALUE, PERCENT, SEMICOLON, SLASH } from "../../../http/characters.ts";

const DOT = 0x2e;

const OTHER = 0;
const IS_DOT = 1;
const IS_SEPARATOR = 2;
const IS_PERCENT = 3;
const IS_PARAMETER = 4;

const KINDS: Uint8Array = new Uint8Array(256);
KINDS[DOT] = IS_DOT;
KINDS[SLASH] = IS_SEPARATOR;
KINDS[BACKSLASH] = IS_SEPARATOR;
KINDS[PERCENT] = IS_PERCENT;
KINDS[SEMICOLON] = IS_PARAMETER;

/** More than two dots, or something else. */
const NO_DOTS = 3;

/**
 * Has the path from `start` to `end`, without the query, a segment that is `.` or `..`? Also with dots that are
 * percent-encoded, between backslashes or slashes that are percent-encoded, which some servers take for slashes, and
 * before a `;`, behind which some servers see parameters of the segment (RFC 3986 section 3.3).
 */
export function hasDotSegments(memory: Uint8Array, start: number, end: number): boolean {
  let dots = 0;
  for (let at = start; at < end; at++) {
    let kind = KINDS[memory[at] as number] as number;
    if (kind === IS_PERCENT) {
      const byte = decodedByte(memory, at, end);
      kind = byte < 0 || byte === SEMICOLON || byte === PERCENT ? OTHER : (KINDS[byte] as number);
      if (byte >= 0) at += 2;
    }
    if (kind === OTHER) dots = NO_DOTS;
    else if (kind === IS_DOT) dots = dots < NO_DOTS ? dots + 1 : NO_DOTS;
    else if (dots === 1 || dots === 2) return true;
    else dots = kind === IS_SEPARATOR ? 0 : NO_DOTS;
  }
  return dots === 1 || dots === 2;
}

/** The byte that a `%` and two digits stand for, or -1 without the digits. */
export function decodedByte(memory: Uint8Array, at: number, end: number): number {
  if (at + 2 >= end) return -1;
  const high = HEX_VALUE[memory[at + 1] as number] as number;
  const low = HEX_VALUE[memory[at + 2] as number] as number;
  return high > 15 || low > 15 ? -1 : (high << 4) | low;
}
