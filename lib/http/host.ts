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
    if (byte < DIGIT_0 || byte > DIGIT_9) return -1;
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

/** After an IPv6 address in brackets, or -1. Future versions and zones are not of any use in HTTP. */
function literalEnd(memory: Uint8Array, start: number, end: number): number {
  let position = start + 1;
  let colons = 0;
  while (position < end) {
    const byte = memory[position] as number;
    if (byte === COLON) colons++;
    else if (byte === BRACKET_CLOSE) return colons >= 2 ? position + 1 : -1;
    else if (byte !== DOT && !isHex(byte)) return -1;
    position++;
  }
  return -1;
}

function isHex(byte: number): boolean {
  return HEX_VALUE[byte] !== NOT_HEX;
}
