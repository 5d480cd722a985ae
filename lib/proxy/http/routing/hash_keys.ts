/**
 * What a request's endpoint is chosen by.
 *
 * @module
 */
import { isToken, SEMICOLON, SPACE, TAB } from "../../../http/characters.ts";
import { type Head, valueEnd, valueStart } from "../../../http/head.ts";
import { FIELD_COOKIE } from "../../../http/known_fields.ts";
import { hashBytes } from "../../hash.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { FieldName } from "./field_name.ts";
import { QueryView } from "./query.ts";
import type { HashKey } from "./route_options.ts";
import { startsWith } from "./text_matcher.ts";

const SEED = 0;
const NONE = -1;

/** The hash of one part of a request, or NONE. */
type Hasher = (head: Head, memory: Uint8Array, base: number, client: Uint8Array) => number;

/** What is wrong with a hash key, or null. */
export function checkHashKey(key: HashKey): string | null {
  if (key.type === "source") return null;
  if (key.name === "") return "The name is empty";
  return key.type === "query" || isToken(key.name) ? null : `"${key.name}" is no name of a ${key.type}`;
}

/** The hash keys of a route, compiled. */
export class HashKeys {
  readonly #hashers: readonly Hasher[];

  /** Throws `ERR_CONFIG` for a key that is not valid. */
  constructor(keys: readonly HashKey[]) {
    for (const key of keys) expectNoProblem("hash", checkHashKey(key));
    this.#hashers = keys.map(hasherOf);
  }

  /**
   * 0 to 2^32 - 1, by the first key that the request has with a value that is not empty; -1 if it has none. `client` is
   * the client's IP address as text.
   */
  of(head: Head, memory: Uint8Array, base: number, client: Uint8Array): number {
    for (const hasher of this.#hashers) {
      const hash = hasher(head, memory, base, client);
      if (hash !== NONE) return hash;
    }
    return NONE;
  }
}

function hasherOf(key: HashKey): Hasher {
  switch (key.type) {
    case "header":
      return headerHasher(key.name);
    case "cookie":
      return cookieHasher(key.name);
    case "query":
      return queryHasher(key.name);
    default:
      return (_head, _memory, _base, client) => hashOf(client, 0, client.length);
  }
}

function hashOf(memory: Uint8Array, start: number, end: number): number {
  return start === end ? NONE : hashBytes(memory, start, end, SEED);
}

/** By the first field of that name. */
function headerHasher(name: string): Hasher {
  const wanted = new FieldName(name);
  return (head, memory, base) => {
    const field = wanted.find(head, memory, base, 0);
    return field < 0 ? NONE : hashOf(memory, valueStart(head, base, field), valueEnd(head, base, field));
  };
}

/** By the first parameter of that name, decoded. */
function queryHasher(name: string): Hasher {
  const bytes = ascii(name);
  const view = new QueryView();
  return (head, memory, base) => {
    const found = view.find(head, memory, base, bytes, 0);
    return found < 0 ? NONE : hashOf(view.memory, view.start, view.end);
  };
}

/** By the first cookie of that name (RFC 6265 section 4.2.1). */
function cookieHasher(name: string): Hasher {
  const beginning = ascii(`${name}=`);
  return (head, memory, base) => {
    for (let field = head.findField(FIELD_COOKIE); field >= 0; field = head.findField(FIELD_COOKIE, field + 1)) {
      const fieldEnd = valueEnd(head, base, field);
      const start = cookieStart(memory, valueStart(head, base, field), fieldEnd, beginning);
      if (start >= 0) return hashOf(memory, start, cookieEnd(memory, start, fieldEnd));
    }
    return NONE;
  };
}

/** Where the value of a cookie starts, or -1. `beginning` is its name and the equals sign. */
function cookieStart(memory: Uint8Array, fieldStart: number, end: number, beginning: Uint8Array): number {
  let start = fieldStart;
  while (start < end) {
    while (start < end && isSpace(memory[start] as number)) start++;
    if (startsWith(memory, start, end, beginning)) return start + beginning.length;
    while (start < end && memory[start] !== SEMICOLON) start++;
    start++;
  }
  return -1;
}

function cookieEnd(memory: Uint8Array, start: number, fieldEnd: number): number {
  let end = start;
  while (end < fieldEnd && memory[end] !== SEMICOLON) end++;
  while (end > start && isSpace(memory[end - 1] as number)) end--;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
