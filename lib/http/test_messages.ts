/**
 * Runs the parsers on texts, cut in any way, and describes what they found.
 *
 * @module
 */
import { BodyReader } from "./body_reader.ts";
import { FAULT, type HttpFault, type HttpFaults } from "./fault.ts";
import { FIELD_WORDS, Head } from "./head.ts";
import { defaultHttpLimits, type HttpLimits } from "./limits.ts";
import { METHOD_GET } from "./methods.ts";
import { PARSE_INCOMPLETE, parseRequestHead, parseResponseHead } from "./parse_head.ts";

/** The bytes of a text: one for each character. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The text that has these bytes. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The name of a fault in `FAULT`. */
export function faultName(fault: HttpFault): keyof HttpFaults {
  const found = (Object.keys(FAULT) as (keyof HttpFaults)[]).find((name) => FAULT[name] === fault);
  if (found === undefined) throw new Error(`No constant: ${fault.code}`);
  return found;
}

/** Throws when anything outside the bytes is read, or anything is written. */
export function guard(memory: Uint8Array, start: number, end: number): Uint8Array {
  return new Proxy(memory, {
    get(target, key): unknown {
      const index = typeof key === "string" ? Number(key) : Number.NaN;
      if (Number.isNaN(index)) throw new Error(`Uses ${String(key)}`);
      if (!(index >= start && index < end)) throw new Error(`Reads ${index}, outside of ${start} to ${end}`);
      return target[index];
    },
    set(): boolean {
      throw new Error("Writes");
    },
  });
}

/** All that a parsed head says, with texts instead of positions. */
export interface HeadSummary {
  readonly result: string;
  readonly values: Readonly<Record<string, number | boolean | string>>;
  readonly fields: readonly string[];
}

/** How to parse. */
export interface HeadOptions {
  readonly isRequest: boolean;
  readonly requestMethod?: number;
  readonly limits?: HttpLimits;
  /** Where the bytes are cut, in ascending order; what is beyond the end is ignored. */
  readonly cuts?: readonly number[];
  /** Throw when the parser looks where it must not; slow. */
  readonly isGuarded?: boolean;
  /** One that was used before. */
  readonly head?: Head;
}

/** Parse the head of a message as it arrives in parts, each time in other memory and at another place. */
export function parseHead(bytes: Uint8Array, options: HeadOptions): { head: Head; length: number } {
  const head = options.head ?? new Head(options.limits ?? defaultHttpLimits);
  head.reset();
  let length: number = PARSE_INCOMPLETE;
  for (const cut of [...(options.cuts ?? []), bytes.length]) {
    if (cut > bytes.length) continue;
    const start = (cut * 7) % 13;
    const memory = new Uint8Array(start + cut + 5).fill(0x41 + (cut % 26));
    memory.set(bytes.subarray(0, cut), start);
    const seen = options.isGuarded === true ? guard(memory, start, start + cut) : memory;
    length = options.isRequest
      ? parseRequestHead(head, seen, start, start + cut)
      : parseResponseHead(head, seen, start, start + cut, options.requestMethod ?? METHOD_GET);
    if (length !== PARSE_INCOMPLETE) break;
  }
  return { head, length };
}

const VALUES = [
  "minorVersion",
  "framing",
  "contentLength",
  "contentLengthField",
  "transferEncodingField",
  "isPersistent",
  "hasClose",
  "hasKeepAlive",
  "upgradeField",
  "viaField",
  "method",
  "methodStart",
  "methodEnd",
  "targetStart",
  "targetEnd",
  "targetForm",
  "pathStart",
  "pathEnd",
  "queryStart",
  "hasHost",
  "hostStart",
  "hostEnd",
  "hostNameEnd",
  "hostField",
  "expectsContinue",
  "status",
  "reasonStart",
  "reasonEnd",
] as const;

/** Describe what was parsed, so that two runs can be compared. */
export function summarize(bytes: Uint8Array, options: HeadOptions): HeadSummary {
  const { head, length } = parseHead(bytes, options);
  if (head.fault !== null) return { result: faultName(head.fault), values: {}, fields: [] };
  if (length === PARSE_INCOMPLETE) return { result: "incomplete", values: {}, fields: [] };
  const values: Record<string, number | boolean> = {};
  for (const name of VALUES) values[name] = head[name];
  const fields: string[] = [];
  for (let field = 0; field < head.fieldCount; field++) {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.fields.slice(
      field * FIELD_WORDS,
      (field + 1) * FIELD_WORDS,
    );
    const name = textOf(bytes.subarray(nameStart, nameEnd));
    const value = textOf(bytes.subarray(valueStart, valueEnd));
    fields.push(`${name}: ${value} (${head.fieldIds[field]}, ${head.hopByHop[field] === 1 ? "hop" : "end"})`);
  }
  return { result: `${length} bytes`, values, fields };
}

/** What a body reader found. */
export interface BodySummary {
  /** `complete`, `incomplete`, or the name of a fault. */
  readonly result: string;
  /** Bytes that were read: up to the end of the body or to the fault. */
  readonly position: number;
  readonly data: string;
  readonly bodyBytes: number;
  readonly hasTrailers: boolean;
}

/** How to read. */
export interface BodyOptions {
  readonly framing: number;
  readonly contentLength?: number;
  readonly limits?: HttpLimits;
  readonly cuts?: readonly number[];
  readonly isGuarded?: boolean;
  /** One that was used before. */
  readonly reader?: BodyReader;
}

/** Read a body as it arrives in parts, each in other memory: bytes that were read are not there any more. */
export function readBody(bytes: Uint8Array, options: BodyOptions): BodySummary {
  const reader = options.reader ?? new BodyReader(options.limits ?? defaultHttpLimits);
  reader.begin(options.framing, options.contentLength ?? -1);
  let data = "";
  let read = 0;
  for (const cut of [...(options.cuts ?? []), bytes.length]) {
    if (cut > bytes.length || cut < read) continue;
    const offset = (cut * 5) % 11;
    const memory = new Uint8Array(offset + (cut - read) + 3).fill(0x30 + (cut % 10));
    memory.set(bytes.subarray(read, cut), offset);
    const end = offset + (cut - read);
    const seen = options.isGuarded === true ? guard(memory, offset, end) : memory;
    let position = offset;
    while (position < end && !reader.isComplete && reader.fault === null) {
      const next = reader.read(seen, position, end);
      if (next === position && reader.fault === null) throw new Error("The reader does not get on");
      if (reader.pieceStart < position || reader.pieceEnd > next) throw new Error("A piece outside of what was read");
      position = next;
      data += textOf(memory.subarray(reader.pieceStart, reader.pieceEnd));
    }
    read += position - offset;
    if (reader.isComplete || reader.fault !== null) break;
  }
  const end = reader.isComplete ? "complete" : "incomplete";
  return {
    result: reader.fault === null ? end : faultName(reader.fault),
    position: read,
    data,
    bodyBytes: reader.bodyBytes,
    hasTrailers: reader.hasTrailers,
  };
}
