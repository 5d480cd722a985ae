/**
 * Which protocols a client may change to (RFC 9110 section 7.8).
 *
 * @module
 */
import { asciiBytes, COMMA, equalsLowerCase, IS_TOKEN, SLASH, SPACE, TAB } from "../../http/characters.ts";
import { FIELD_WORDS, type Head } from "../../http/head.ts";

/**
 * They carry HTTP requests. A tunnel of them would lead past routes, filters and limits ("h2c smuggling"), and RFC 9113
 * section 3.1 has given `h2c` up; `TLS` is that of RFC 2817.
 */
const CARRIERS_OF_HTTP: readonly Uint8Array[] = ["h2c", "h2", "h3", "http", "tls"].map(asciiBytes);

/**
 * May the protocols of the head's Upgrade field be asked for? Otherwise the field is to be ignored, as a server may do
 * with it. A value that is no list of protocols is not passed on either: who knows what another reader finds in it.
 */
export function mayUpgrade(head: Head, memory: Uint8Array, base: number): boolean {
  const at = head.upgradeField * FIELD_WORDS;
  const end = base + (head.fields[at + 3] as number);
  let position = base + (head.fields[at + 2] as number);
  let isVersion = false;
  while (position < end) {
    const byte = memory[position] as number;
    if (IS_TOKEN[byte] === 0) {
      if (byte !== COMMA && byte !== SLASH && byte !== SPACE && byte !== TAB) return false;
      isVersion = byte === SLASH;
      position++;
      continue;
    }
    const start = position;
    while (position < end && IS_TOKEN[memory[position] as number] === 1) position++;
    if (!isVersion && carriesHttp(memory, start, position)) return false;
    isVersion = false;
  }
  return true;
}

function carriesHttp(memory: Uint8Array, start: number, end: number): boolean {
  for (const name of CARRIERS_OF_HTTP) if (equalsLowerCase(memory, start, end, name)) return true;
  return false;
}
