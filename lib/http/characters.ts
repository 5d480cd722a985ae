/**
 * Which bytes may stand where (RFC 9110 section 5.6, RFC 9112 section 2.2), as tables of 256 entries.
 *
 * @module
 */

/** Carriage return. */
export const CR = 0x0d;
/** Line feed. */
export const LF = 0x0a;
/** Space. */
export const SPACE = 0x20;
/** Horizontal tab. */
export const TAB = 0x09;
/** `"` */
export const QUOTE = 0x22;
/** `%` */
export const PERCENT = 0x25;
/** `*` */
export const ASTERISK = 0x2a;
/** `,` */
export const COMMA = 0x2c;
/** `/` */
export const SLASH = 0x2f;
/** `0` */
export const DIGIT_0 = 0x30;
/** `9` */
export const DIGIT_9 = 0x39;
/** `:` */
export const COLON = 0x3a;
/** `;` */
export const SEMICOLON = 0x3b;
/** `=` */
export const EQUALS = 0x3d;
/** `?` */
export const QUESTION = 0x3f;
/** `[` */
export const BRACKET_OPEN = 0x5b;
/** `\` */
export const BACKSLASH = 0x5c;
/** `]` */
export const BRACKET_CLOSE = 0x5d;

/** 1 for the bytes of a token, such as a method or a field's name (RFC 9110 section 5.6.2). */
export const IS_TOKEN: Uint8Array = table(
  "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
);

/** 1 for the bytes of a field's value: visible ones, space, tab, and those from 0x80 on (RFC 9110 section 5.5). */
export const IS_FIELD_VALUE: Uint8Array = range(0x20, 0x7e, range(0x80, 0xff, table("\t")));

/** 1 for the bytes in a quoted string that stand for themselves (RFC 9110 section 5.6.4). */
export const IS_QUOTED_TEXT: Uint8Array = IS_FIELD_VALUE.slice();
IS_QUOTED_TEXT[QUOTE] = 0;
IS_QUOTED_TEXT[BACKSLASH] = 0;

/**
 * 1 for the bytes of a request target: visible ones but `#`, which starts a fragment and is never sent
 * (RFC 9112 section 3.2). Some of them are not of a URI (RFC 3986), but browsers send them in queries
 * (the query percent-encode sets of https://url.spec.whatwg.org/#percent-encoded-bytes).
 */
export const IS_TARGET: Uint8Array = range(0x21, 0x7e, new Uint8Array(256));
IS_TARGET[0x23] = 0;

/** 1 for the bytes of a host's name, but `%` (RFC 3986 section 3.2.2: reg-name; an IPv4 address looks the same). */
export const IS_HOST_NAME: Uint8Array = table(
  "-._~!$&'()*+,;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
);

/** The value of a hexadecimal digit, or 255 for other bytes. */
export const HEX_VALUE: Uint8Array = hexValues();

/** The byte itself, or the small letter for a capital one. */
export const LOWER_CASE: Uint8Array = lowerCase();

/** Are the bytes of the text, in any case, those of a name that is given in lower case? */
export function equalsLowerCase(memory: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (LOWER_CASE[memory[start + index] as number] !== name[index]) return false;
  }
  return true;
}

/** Are two texts the same but for their case? */
export function equalsInAnyCase(
  memory: Uint8Array,
  start: number,
  end: number,
  other: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - other) return false;
  for (let index = 0; index < end - start; index++) {
    if (LOWER_CASE[memory[start + index] as number] !== LOWER_CASE[memory[other + index] as number]) return false;
  }
  return true;
}

/** Is a text a token, such as a method or a field's name (RFC 9110 section 5.6.2)? */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (IS_TOKEN[text.charCodeAt(index)] !== 1) return false;
  }
  return text !== "";
}

/** The bytes of a text in ASCII. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function table(characters: string): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const character of characters) bytes[character.charCodeAt(0)] = 1;
  return bytes;
}

function range(first: number, last: number, bytes: Uint8Array): Uint8Array {
  return bytes.fill(1, first, last + 1);
}

function hexValues(): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const text = digit.toString(16);
    values[text.charCodeAt(0)] = digit;
    values[text.toUpperCase().charCodeAt(0)] = digit;
  }
  return values;
}

function lowerCase(): Uint8Array {
  const values = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (let letter = 0; letter < 26; letter++) values[0x41 + letter] = 0x61 + letter;
  return values;
}
