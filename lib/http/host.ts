/**
 * A host with an optional port (RFC 9110 section 4.2, RFC 3986 section 3.2).
 *
 * @module
 */
import {
  BRACKET_CLOSE,
  BRACKET_OPEN,
  COLON,
  DIGIT_0,
  DIGIT_9,
  HEX_VALUE,
  IS_HOST_NAME,
  PERCENT,
} from "./characters.ts";

const NOT_HEX = 255;
const DOT = 0x2e;
const PORT_MAX = 65535;

/**
 * Where the host ends: at the colon of the port, or at `end` if there is none; -1 if the text is no host with an
 * optional port. An empty host is refused, since no `http` URI has one (RFC 9110 section 4.2.1), and so is what
 * comes before an `@` (RFC 9110 section 4.2.4). A port may be empty (RFC 3986 section 3.2.3).
 */
export function hostNameEnd(memory: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const nameEnd =
    memory[start] === BRACKET_OPEN ? literalEnd(memory, start, end) : registeredNameEnd(memory, start, end);
  if (nameEnd <= start) return -1;
  if (nameEnd === end) return end;
  if (memory[nameEnd] !== COLON) return -1;
  return nameEnd + 1 === end || portOf(memory, nameEnd + 1, end) >= 0 ? nameEnd : -1;
}

/** The number of a port, or -1. */
export function portOf(memory: Uint8Array, start: number, end: number): number {
  if (start === end) return -1;
  let port = 0;
  for (let position = start; position < end; position++) {
    const byte = memory[position] as number;
    if (!isDigit(byte)) return -1;
    port = port * 10 + (byte - DIGIT_0);
    if (port > PORT_MAX) return -1;
  }
  return port;
}

/** The first byte that is not of a name or an IPv4 address, or -1 if a `%` has no two digits. */
function registeredNameEnd(memory: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end) {
    const byte = memory[position] as number;
    if (IS_HOST_NAME[byte] === 1) position++;
    else if (byte !== PERCENT) return position;
    else if (position + 2 < end && isHex(memory[position + 1] as number) && isHex(memory[position + 2] as number)) {
      position += 3;
    } else return -1;
  }
  return position;
}

/**
 * After an IPv6 address in brackets (RFC 3986 section 3.2.2), or -1. Addresses of future versions and zones are
 * refused: nobody can connect to the former, and the latter mean something on the sender's machine only.
 */
function literalEnd(memory: Uint8Array, start: number, end: number): number {
  let groups = 0;
  let digits = 0;
  let colons = 0;
  let hasGap = false;
  for (let position = start + 1; position < end; position++) {
    const byte = memory[position] as number;
    if (byte === COLON) {
      if (digits > 0) groups++;
      digits = 0;
      colons++;
      if (colons > 2 || (colons === 2 && hasGap)) return -1;
      if (colons === 2) hasGap = true;
      continue;
    }
    // One colon is between two groups.
    if (colons === 1 && (groups === 0 || byte === BRACKET_CLOSE)) return -1;
    if (byte === BRACKET_CLOSE) return isGroupCount(digits > 0 ? groups + 1 : groups, hasGap) ? position + 1 : -1;
    if (byte === DOT) {
      const dottedEnd = dottedAddressEnd(memory, position - digits, end);
      const isLast = dottedEnd > 0 && dottedEnd < end && memory[dottedEnd] === BRACKET_CLOSE;
      return isLast && isGroupCount(groups + 2, hasGap) ? dottedEnd + 1 : -1;
    }
    colons = 0;
    digits++;
    if (digits > 4 || !isHex(byte)) return -1;
  }
  return -1;
}

/** Are these all groups of an address? A gap stands for one at least. */
function isGroupCount(groups: number, hasGap: boolean): boolean {
  return hasGap ? groups <= 7 : groups === 8;
}

/** After four numbers up to 255 with points between them, or -1. */
function dottedAddressEnd(memory: Uint8Array, start: number, end: number): number {
  let position = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (position >= end || memory[position++] !== DOT)) return -1;
    const partStart = position;
    let value = 0;
    while (position < end && isDigit(memory[position] as number)) {
      value = value * 10 + ((memory[position] as number) - DIGIT_0);
      position++;
      // A zero is not followed by others: some read the number as an octal one.
      if (value > 255 || (memory[partStart] === DIGIT_0 && position > partStart + 1)) return -1;
    }
    if (position === partStart) return -1;
  }
  return position;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

function isHex(byte: number): boolean {
  return HEX_VALUE[byte] !== NOT_HEX;
}
