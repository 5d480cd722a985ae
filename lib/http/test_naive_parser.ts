/**
 * The rules once more, as regular expressions over a whole text: slow, easy to compare with the RFCs, and made apart
 * from the parsers that it is compared with.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import { defaultHttpLimits } from "./limits.ts";

/** What the naive parser found. */
export interface NaiveHead {
  readonly length: number;
  readonly startLine: readonly string[];
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** `none`, `chunked`, `close`, or a number. */
  readonly framing: string;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const VISIBLE = "[\\x21-\\x7e\\x80-\\xff]";
const TEXT = "[\\t\\x20-\\x7e\\x80-\\xff]";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.([01])$`);
const STATUS_LINE = new RegExp(`^HTTP/1\\.([01]) ([1-5][0-9][0-9])(?: (${TEXT}*))?$`);
const FIELD_LINE = new RegExp(`^(${TOKEN}):[\\t ]*(${VISIBLE}?|${VISIBLE}${TEXT}*${VISIBLE})[\\t ]*$`);
const OPTIONS = new RegExp(`^[\\t ,]*(?:${TOKEN}[\\t ]*(?:,[\\t ,]*|$))*$`);
const HOST = /^(?:\[([^\]]*)\]|(?:[-._~!$&'()*+,;=0-9A-Za-z]|%[0-9A-Fa-f]{2})+)(?::([0-9]*))?$/;

/** Host and port, or null. */
function naiveHost(text: string): { port: string } | null {
  const [all, address, port = ""] = HOST.exec(text) ?? [];
  if (all === undefined || Number(port) > 65535) return null;
  if (address !== undefined && (address.includes("%") || !isIPv6(address))) return null;
  return { port };
}

function isTarget(method: string, target: string): boolean {
  if (method === "CONNECT") return Number(naiveHost(target)?.port ?? "") > 0;
  if (target === "*") return method === "OPTIONS";
  const [, authority] = /^https?:\/\/([^/?]*)/i.exec(target) ?? [];
  return authority === undefined ? target.startsWith("/") : naiveHost(authority) !== null;
}

/** The head, or null if the text has an end of a head, but breaks a rule. Texts without an end are not for it. */
export function naiveHead(text: string, isRequest: boolean): NaiveHead | null {
  const message = isRequest ? text.replace(/^\r\n/, "") : text;
  const headEnd = message.indexOf("\r\n\r\n");
  if (headEnd < 0) throw new Error("No end");
  const [first = "", ...lines] = message.slice(0, headEnd).split("\r\n");
  const startLine = (isRequest ? REQUEST_LINE : STATUS_LINE).exec(first)?.slice(1);
  if (startLine === undefined) return null;
  const fields: [string, string][] = [];
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    fields.push([name, value]);
  }
  const length = headEnd + 4 + text.length - message.length;
  const { headBytes, fieldCount, targetBytes } = defaultHttpLimits;
  if (length > headBytes || fields.length > fieldCount) return null;
  const values = (name: string): string[] => {
    return fields.filter((field) => field[0].toLowerCase() === name).map((field) => field[1]);
  };
  if (values("connection").some((value) => !OPTIONS.test(value))) return null;
  const minorVersion = isRequest ? startLine[2] : startLine[0];
  const framing = naiveFraming(values("content-length"), values("transfer-encoding"), minorVersion === "0");
  if (framing === null) return null;
  if (!isRequest) {
    const hasNone = /^(?:1..|204|304)$/.test(startLine[1] ?? "");
    return { length, startLine, fields, framing: hasNone ? "none" : framing === "" ? "close" : framing };
  }
  const [method = "", target = ""] = startLine;
  if (method.length > 64 || target.length > targetBytes || !isTarget(method, target)) return null;
  const hosts = values("host");
  if (hosts.length > 1 || (hosts.length === 0 && minorVersion === "1")) return null;
  if (hosts.some((host) => naiveHost(host) === null)) return null;
  if (method === "CONNECT" && (framing === "chunked" || Number(framing) > 0)) return null;
  return { length, startLine, fields, framing: framing === "" ? "none" : framing };
}

function naiveFraming(lengths: string[], encodings: string[], isOld: boolean): string | null {
  if (lengths.length + encodings.length === 0) return "";
  if (lengths.length + encodings.length > 1) return null;
  const [length, encoding] = [lengths[0], encodings[0]];
  if (length === undefined) return !isOld && encoding?.toLowerCase() === "chunked" ? "chunked" : null;
  return /^[0-9]+$/.test(length) && BigInt(length) < 2n ** 53n ? String(BigInt(length)) : null;
}

const QUOTED = `"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\${TEXT})*"`;
const EXTENSION = `[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED}))?`;
const SIZE_LINE = new RegExp(`([0-9A-Fa-f]{1,16})((?:${EXTENSION})*)\\r\\n`, "y");
const TRAILERS = new RegExp(`((?:${TOKEN}:${TEXT}*\\r\\n)*)\\r\\n`, "y");
const FORBIDDEN = new RegExp(
  "^(?:content-(?:length|type|encoding|range)|transfer-encoding|trailer|host|connection|keep-alive|te|expect|upgrade|" +
    "proxy-(?:connection|authenticate|authorization)|max-forwards|via|forwarded|x-forwarded-(?:for|proto|host|port)|" +
    "x-real-ip|authorization|cookie|set-cookie|cache-control):",
  "im",
);

/** Length and data of a chunked body, or null if it is not complete or breaks a rule. */
export function naiveChunkedBody(text: string): { position: number; data: string } | null {
  let position = 0;
  let data = "";
  let extensions = 0;
  for (;;) {
    SIZE_LINE.lastIndex = position;
    const match = SIZE_LINE.exec(text);
    const size = Number.parseInt(match?.[1] ?? "", 16);
    if (match === null || size > Number.MAX_SAFE_INTEGER) return null;
    position = SIZE_LINE.lastIndex;
    extensions += match[2]?.length ?? 0;
    if (extensions > defaultHttpLimits.chunkExtensionBytes) return null;
    if (size === 0) break;
    data += text.slice(position, position + size);
    position += size;
    if (text.slice(position, position + 2) !== "\r\n") return null;
    position += 2;
  }
  TRAILERS.lastIndex = position;
  const match = TRAILERS.exec(text);
  if (match === null || FORBIDDEN.test(match[1] ?? "")) return null;
  if (match[0].length > defaultHttpLimits.trailerBytes) return null;
  return { position: TRAILERS.lastIndex, data };
}
