/**
 * How a line of the access log is written.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";
import type { LogEntry } from "./access_log.ts";
import { ascii, put, putDecimal } from "./bytes.ts";

/** Writes the line of a request, with its end. */
export interface LineFormat {
  /** Bytes of a line at the most. */
  readonly maximumBytes: number;
  /** Returns where it ends. */
  put(target: Uint8Array, at: number, entry: LogEntry, durationMs: number): number;
}

/** What a line may say. */
export type LogField =
  | "time"
  | "client"
  | "method"
  | "target"
  | "version"
  | "status"
  | "reason"
  | "bytes_received"
  | "bytes_sent"
  | "duration_ms"
  | "upstream"
  | "request_id"
  | "referer"
  | "user_agent";

type Put = (target: Uint8Array, at: number, entry: LogEntry, durationMs: number) => number;

/** Bytes of the method, the target, the referrer and the user agent that are kept of a request. */
export const PART_BYTES = 2048;
/** A byte becomes six (`\u00ff`) at the most, and a key stands in front. */
const PART_BYTES_MAX = 6 * PART_BYTES + 64;

const HEX: Uint8Array = ascii("0123456789abcdef");
const DASH: Uint8Array = ascii("-");
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const TEXT_ESCAPE: Uint8Array = ascii("\\x");
const JSON_ESCAPE: Uint8Array = ascii("\\u00");

/**
 * Copy bytes that a client made up so that they stay within their quotes and their line: quotes, backslashes,
 * control bytes and those above ASCII are escaped.
 */
function putEscaped(target: Uint8Array, at: number, bytes: Uint8Array, start: number, length: number): number {
  return escapeBytes(target, at, bytes, start, length, TEXT_ESCAPE);
}

function escapeBytes(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  prefix: Uint8Array,
): number {
  let end = at;
  for (let index = start; index < start + length; index++) {
    const byte = bytes[index] as number;
    if (byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH) {
      target[end++] = byte;
      continue;
    }
    end = put(target, end, prefix);
    target[end++] = HEX[byte >> 4] as number;
    target[end++] = HEX[byte & 15] as number;
  }
  return end;
}

function putText(target: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function putPart(target: Uint8Array, at: number, entry: LogEntry, start: number, length: number): number {
  return length === 0 ? put(target, at, DASH) : putEscaped(target, at, entry.bytes, start, length);
}

/** `2026-01-31T12:00:00.000Z`, made anew only when the millisecond is another one. */
class TimeText {
  #ms = -1;
  #text = "";
  readonly #make: (ms: number) => string;

  constructor(make: (ms: number) => string) {
    this.#make = make;
  }

  put(target: Uint8Array, at: number, ms: number): number {
    if (ms !== this.#ms) {
      this.#ms = ms;
      this.#text = this.#make(ms);
    }
    return putText(target, at, this.#text);
  }
}

const isoTime = new TimeText((ms) => new Date(ms).toISOString());

const MONTHS: readonly string[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const commonTime = new TimeText((ms) => {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T(.{8})/.exec(new Date(ms).toISOString()) ?? [];
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
});

const FIELDS: Readonly<Record<LogField, Put>> = {
  time: (target, at, { startMs }) => isoTime.put(target, at, startMs),
  client: (target, at, { client }) => put(target, at, client.length === 0 ? DASH : client),
  method: (target, at, entry) => putPart(target, at, entry, 0, entry.methodBytes),
  target: (target, at, entry) => putPart(target, at, entry, entry.methodBytes, entry.targetBytes),
  version: (target, at, { minorVersion }) => putText(target, at, minorVersion === 1 ? "HTTP/1.1" : "HTTP/1.0"),
  status: (target, at, { status }) => putDecimal(target, at, status),
  reason: (target, at, { flag }) => putText(target, at, flag),
  bytes_received: (target, at, { receivedBytes }) => putDecimal(target, at, receivedBytes),
  bytes_sent: (target, at, { sentBytes }) => putDecimal(target, at, sentBytes),
  duration_ms: (target, at, _entry, durationMs) => putDecimal(target, at, Math.max(0, Math.round(durationMs))),
  upstream: (target, at, { upstream }) => putText(target, at, upstream),
  request_id: (target, at, { requestId, requestIdBytes }) =>
    requestIdBytes === 0 ? put(target, at, DASH) : putEscaped(target, at, requestId, 0, requestIdBytes),
  referer: (target, at, entry) => putPart(target, at, entry, entry.methodBytes + entry.targetBytes, entry.refererBytes),
  user_agent: (target, at, entry) =>
    putPart(target, at, entry, entry.methodBytes + entry.targetBytes + entry.refererBytes, entry.userAgentBytes),
};

/** The names that a template may have between percent signs. */
export const LOG_FIELDS: readonly LogField[] = Object.keys(FIELDS) as LogField[];

const TIME_COMMON = "time_common";

/** The Common Log Format with referrer and user agent, as nginx and Apache write it, and what a proxy knows besides. */
const COMBINED_TEMPLATE =
  `%client% - - [%${TIME_COMMON}%] "%method% %target% %version%" %status% %bytes_sent% "%referer%" "%user_agent%" ` +
  "%reason% %duration_ms% %upstream% %request_id%";

const TEMPLATES: ReadonlyMap<string, string> = new Map([
  ["common", `%client% - - [%${TIME_COMMON}%] "%method% %target% %version%" %status% %bytes_sent%`],
  ["combined", COMBINED_TEMPLATE],
]);

/**
 * A format by its name, `common`, `combined` or `json`, or a template such as `%time% %method% %target% %status%`.
 *
 * @throws {RingwayError} `ERR_ACCESS_LOG_FORMAT` for a name between percent signs that is unknown
 */
export function lineFormat(text: string): LineFormat {
  if (text === "json") return new JsonFormat();
  return new TemplateFormat(TEMPLATES.get(text) ?? text);
}

class TemplateFormat implements LineFormat {
  readonly maximumBytes: number;
  readonly #parts: Put[];

  constructor(template: string) {
    const pieces = template.split(/%([a-z_]*)%/);
    this.#parts = pieces.flatMap((piece, index) => (index % 2 === 1 ? [fieldOf(piece)] : literal(piece)));
    this.#parts.push(...literal("\n"));
    this.maximumBytes = this.#parts.length * PART_BYTES_MAX + template.length;
  }

  put(target: Uint8Array, at: number, entry: LogEntry, durationMs: number): number {
    let end = at;
    for (const part of this.#parts) end = part(target, end, entry, durationMs);
    return end;
  }
}

function literal(text: string): Put[] {
  if (text === "") return [];
  const bytes = ascii(text);
  return [(target, at) => put(target, at, bytes)];
}

function fieldOf(name: string): Put {
  if (name === TIME_COMMON) return (target, at, { startMs }) => commonTime.put(target, at, startMs);
  if (name === "") return (target, at) => putText(target, at, "%");
  if (Object.hasOwn(FIELDS, name)) return FIELDS[name as LogField];
  throw new RingwayError(
    `Unknown field %${name}% in the format of the access log: known are ${LOG_FIELDS.join(", ")}`,
    {
      code: "ERR_ACCESS_LOG_FORMAT",
      source: "internal",
      operation: "read a format",
    },
  );
}

const NUMBERS: ReadonlySet<LogField> = new Set(["status", "bytes_received", "bytes_sent", "duration_ms"]);
const TEXTS: readonly LogField[] = ["method", "target", "request_id", "referer", "user_agent"];

/** An object per line, with every field; what is not known is null. */
class JsonFormat implements LineFormat {
  readonly #keys: readonly { readonly field: LogField; readonly key: Uint8Array }[] = LOG_FIELDS.map(
    (field, index) => ({
      field,
      key: ascii(`${index === 0 ? "{" : ","}"${field}":`),
    }),
  );
  readonly #end: Uint8Array = ascii("}\n");
  readonly maximumBytes: number = LOG_FIELDS.length * PART_BYTES_MAX;

  put(target: Uint8Array, at: number, entry: LogEntry, durationMs: number): number {
    let end = at;
    for (const { field, key } of this.#keys) {
      end = put(target, end, key);
      end = NUMBERS.has(field) ? FIELDS[field](target, end, entry, durationMs) : putString(target, end, field, entry);
    }
    return put(target, end, this.#end);
  }
}

const NULL: Uint8Array = ascii("null");

function putString(target: Uint8Array, at: number, field: LogField, entry: LogEntry): number {
  let end = at;
  target[end++] = QUOTE;
  const start = end;
  if (TEXTS.includes(field)) end = putJsonPart(target, end, field, entry);
  else end = FIELDS[field](target, end, entry, 0);
  const isUnknown = end === start || (end === start + 1 && target[start] === DASH[0]);
  if (isUnknown) return put(target, at, NULL);
  target[end++] = QUOTE;
  return end;
}

function putJsonPart(target: Uint8Array, at: number, field: LogField, entry: LogEntry): number {
  const { bytes, methodBytes, targetBytes, refererBytes, userAgentBytes } = entry;
  switch (field) {
    case "method":
      return escapeBytes(target, at, bytes, 0, methodBytes, JSON_ESCAPE);
    case "target":
      return escapeBytes(target, at, bytes, methodBytes, targetBytes, JSON_ESCAPE);
    case "request_id":
      return escapeBytes(target, at, entry.requestId, 0, entry.requestIdBytes, JSON_ESCAPE);
    case "referer":
      return escapeBytes(target, at, bytes, methodBytes + targetBytes, refererBytes, JSON_ESCAPE);
    default:
      return escapeBytes(target, at, bytes, methodBytes + targetBytes + refererBytes, userAgentBytes, JSON_ESCAPE);
  }
}
