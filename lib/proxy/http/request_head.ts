/**
 * The head of a forwarded request (RFC 9110 section 7.6, RFC 9112 section 3.2).
 *
 * @module
 */
import { type Head, TARGET_ABSOLUTE, TARGET_ORIGIN, valueEnd, valueStart } from "../../http/head.ts";
import {
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_FORWARDED,
  FIELD_HOST,
  FIELD_MAX_FORWARDS,
  FIELD_TRAILER,
  FIELD_TRANSFER_ENCODING,
  FIELD_VIA,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PORT,
  FIELD_X_FORWARDED_PROTO,
  FIELD_X_REAL_IP,
  FIELD_X_REQUEST_ID,
} from "../../http/known_fields.ts";
import { METHOD_OPTIONS } from "../../http/methods.ts";
import { ascii, copy, put, putDecimal } from "./bytes.ts";
import { fieldTable, putFields, putValue } from "./fields.ts";
import { REQUEST_ID_BYTES, type RequestIds } from "./request_ids.ts";
import type { HeaderEdits } from "./routing/header_edits.ts";

/** What a request says on its way that a client could make up. */
const CLAIMS: readonly number[] = [
  FIELD_FORWARDED,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PORT,
  FIELD_X_FORWARDED_PROTO,
  FIELD_X_REAL_IP,
  FIELD_X_REQUEST_ID,
];
const UNTRUSTED: Uint8Array = fieldTable(CLAIMS);
const TRUSTED: Uint8Array = fieldTable([FIELD_X_FORWARDED_FOR]);
const UNTRUSTED_BUT_HOST: Uint8Array = fieldTable([...CLAIMS, FIELD_HOST]);
const TRUSTED_BUT_HOST: Uint8Array = fieldTable([FIELD_X_FORWARDED_FOR, FIELD_HOST]);

const HTTP_11: Uint8Array = ascii(" HTTP/1.1\r\n");
const SLASH: Uint8Array = ascii("/");
const ASTERISK: Uint8Array = ascii("*");
const HOST: Uint8Array = ascii("host: ");
const CONNECTION_UPGRADE: Uint8Array = ascii("connection: upgrade\r\n");
const VIA: Uint8Array = ascii("via: 1.1 ringway\r\n");
const VIA_10: Uint8Array = ascii("via: 1.0 ringway\r\n");
const X_FORWARDED_FOR: Uint8Array = ascii("x-forwarded-for: ");
const X_FORWARDED_PROTO: Uint8Array = ascii("x-forwarded-proto: http\r\n");
const X_FORWARDED_HOST: Uint8Array = ascii("x-forwarded-host: ");
const X_REQUEST_ID: Uint8Array = ascii("x-request-id: ");
const MAX_FORWARDS: Uint8Array = ascii("max-forwards: ");
const COMMA: Uint8Array = ascii(", ");
const END_OF_LINE: Uint8Array = ascii("\r\n");
const HOST_END_AND_ID: Uint8Array = ascii("\r\nx-request-id: ");
const END_OF_HEAD: Uint8Array = ascii("\r\n\r\n");
const MAX_FORWARDS_DIGITS = 9;
const FIXED_BYTES = 384 + REQUEST_ID_BYTES;
const NONE_NAMED: Uint8Array = fieldTable([]);
const CONTENT_LENGTH: Uint8Array = ascii("content-length: ");
const CHUNKED: Uint8Array = ascii("transfer-encoding: chunked\r\n");
const FORWARDED: Uint8Array = ascii("forwarded: ");
const FOR: Uint8Array = ascii("for=");
const QUOTED_HOST: Uint8Array = ascii(';host="');
const QUOTE: Uint8Array = ascii('"');
const PROTO: Uint8Array = ascii(";proto=http\r\n");

/** The body is framed as it came. */
export const FRAMING_KEPT = -2;
/** The body's length is not known: it is sent in chunks. */
export const FRAMING_IN_CHUNKS = -1;

/** What a forwarded request says besides what the client said. The same for all requests of a connection. */
export interface RequestAdditions {
  /** The client's IP address. */
  readonly clientText: string;
  /** The same in bytes. */
  readonly client: Uint8Array;
  /** What is added to an ordinary request, up to the value of X-Forwarded-Host: see {@linkcode clientLines}. */
  readonly lines: Uint8Array;
  /** The same as Forwarded has it (RFC 7239 section 6), if that is written. */
  readonly forwardedFor: Uint8Array;
  /** Are the client's own words about where the request comes from believed? */
  readonly isTrusted: boolean;
  /** Is the field Forwarded written (RFC 7239)? */
  readonly isForwardedWritten: boolean;
  readonly requestIds: RequestIds;
}

/** What a route or a filter changes about a request; one object for all requests of a proxy. */
export class RequestChanges {
  /** Path and query in the place of the request's own. */
  target: Uint8Array | null = null;
  /** The Host field in the place of the request's own; needed if it has none. */
  host: Uint8Array | null = null;
  /** Is Host left out, as is the empty line? The caller adds both. */
  isOpen = false;
  edits: HeaderEdits | null = null;
  /** A `FRAMING_` number, or the length of another body. */
  framing: number = FRAMING_KEPT;
  /** The request's id, if it has one already. */
  requestId: Uint8Array | null = null;
  /** Were the client's claims removed already, so that those that are there are believed? */
  isCleaned = false;

  /** Is nothing changed, but for the id? */
  get isEmptyButId(): boolean {
    return (
      this.target === null &&
      this.host === null &&
      !this.isOpen &&
      this.edits === null &&
      this.framing === FRAMING_KEPT &&
      !this.isCleaned
    );
  }

  /** Nothing is changed. */
  reset(): void {
    this.target = null;
    this.host = null;
    this.isOpen = false;
    this.edits = null;
    this.framing = FRAMING_KEPT;
    this.requestId = null;
    this.isCleaned = false;
  }
}

/** Bytes that {@linkcode putRequestHead} needs at the most. */
export function requestHeadBytes(head: Head, changes: RequestChanges): number {
  const { target, host, edits } = changes;
  // The host may come four times: in Host, X-Forwarded-Host, Forwarded, and as it was. The last may be twice as long.
  const hostBytes = (head.hostEnd - head.hostStart) * 5 + (host?.length ?? 0);
  return head.length + hostBytes + (target?.length ?? 0) + (edits?.maximumBytes ?? 0) + FIXED_BYTES;
}

/** The lines that are added to all ordinary requests of a client, of whose IP address these are the bytes. */
export function clientLines(client: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CLIENT_LINES_BYTES + client.length);
  let end = put(bytes, 0, VIA);
  end = put(bytes, end, X_FORWARDED_PROTO);
  end = put(bytes, end, X_FORWARDED_FOR);
  end = put(bytes, end, client);
  end = put(bytes, end, END_OF_LINE);
  put(bytes, end, X_FORWARDED_HOST);
  return bytes;
}

const CLIENT_LINES_BYTES =
  VIA.length + X_FORWARDED_PROTO.length + X_FORWARDED_FOR.length + END_OF_LINE.length + X_FORWARDED_HOST.length;

/** Is the request one that is only added to, but for fields that are left out? Most are. */
function isOrdinary(head: Head, additions: RequestAdditions, changes: RequestChanges): boolean {
  return (
    head.targetForm === TARGET_ORIGIN &&
    head.minorVersion === 1 &&
    head.hasHost &&
    head.upgradeField < 0 &&
    head.method !== METHOD_OPTIONS &&
    changes.isEmptyButId &&
    !additions.isTrusted &&
    !additions.isForwardedWritten
  );
}

/** The same as {@linkcode putRequestHead} would write, but for the order of the fields, in few pieces. */
function putOrdinaryHead(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  additions: RequestAdditions,
  requestId: Uint8Array | null,
): number {
  let end = putFields(target, at, head, source, base, UNTRUSTED, -1, head.methodStart);
  end = put(target, end, additions.lines);
  end = copy(target, end, source, base + head.hostStart, base + head.hostEnd);
  end = put(target, end, HOST_END_AND_ID);
  end = requestId === null ? additions.requestIds.put(target, end) : put(target, end, requestId);
  return put(target, end, END_OF_HEAD);
}

/** Write the head of the forwarded request. Returns where it ends. */
export function putRequestHead(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  additions: RequestAdditions,
  changes: RequestChanges,
): number {
  if (isOrdinary(head, additions, changes)) {
    return putOrdinaryHead(target, at, head, source, base, additions, changes.requestId);
  }
  const { edits, host } = changes;
  const isTrusted = additions.isTrusted || changes.isCleaned;
  const forwards = head.method === METHOD_OPTIONS ? maximumForwards(head, source, base) : -1;
  if (forwards >= 0) head.hopByHop[head.findField(FIELD_MAX_FORWARDS)] = 1;
  edits?.mark(head, source, base);
  if (changes.framing !== FRAMING_KEPT) markFraming(head);
  const named = edits?.named ?? NONE_NAMED;
  const replacesHost = head.targetForm === TARGET_ABSOLUTE || !head.hasHost || host !== null || changes.isOpen;
  let end = putRequestLine(target, at, head, source, base, changes.target);
  if (replacesHost && !changes.isOpen) {
    end = putHost(target, end, head, source, base, host);
  }
  const dropped = replacesHost ? (isTrusted ? TRUSTED_BUT_HOST : UNTRUSTED_BUT_HOST) : isTrusted ? TRUSTED : UNTRUSTED;
  const writesForwarded = additions.isForwardedWritten && named[FIELD_FORWARDED] === 0;
  if (writesForwarded) markAll(head, FIELD_FORWARDED);
  end = putFields(target, end, head, source, base, dropped, head.upgradeField, -1);
  if (head.upgradeField >= 0) end = put(target, end, CONNECTION_UPGRADE);
  if (forwards >= 0 && named[FIELD_MAX_FORWARDS] === 0) {
    end = put(target, end, MAX_FORWARDS);
    end = putDecimal(target, end, forwards - 1);
    end = put(target, end, END_OF_LINE);
  }
  if (changes.framing !== FRAMING_KEPT) end = putFraming(target, end, changes.framing);
  if (named[FIELD_VIA] === 0) end = put(target, end, head.minorVersion === 1 ? VIA : VIA_10);
  if (named[FIELD_X_FORWARDED_FOR] === 0) end = putForwardedFor(target, end, head, source, base, isTrusted, additions);
  if (isMissing(head, FIELD_X_FORWARDED_PROTO, isTrusted, named)) end = put(target, end, X_FORWARDED_PROTO);
  if (head.hasHost && isMissing(head, FIELD_X_FORWARDED_HOST, isTrusted, named)) {
    end = put(target, end, X_FORWARDED_HOST);
    end = copy(target, end, source, base + head.hostStart, base + head.hostEnd);
    end = put(target, end, END_OF_LINE);
  }
  if (writesForwarded) end = putForwarded(target, end, head, source, base, isTrusted, additions);
  if (isMissing(head, FIELD_X_REQUEST_ID, isTrusted, named)) {
    end = put(target, end, X_REQUEST_ID);
    end = changes.requestId === null ? additions.requestIds.put(target, end) : put(target, end, changes.requestId);
    end = put(target, end, END_OF_LINE);
  }
  if (edits !== null) end = put(target, end, edits.appended);
  return changes.isOpen ? end : put(target, end, END_OF_LINE);
}

/** The lines that end a head that was left open, by the name of an endpoint. A unix socket's is no host. */
export function hostAndEnd(name: string): Uint8Array {
  return ascii(`host: ${name.startsWith("unix:") ? "localhost" : name}\r\n\r\n`);
}

/** Is it to be added: neither there already, if that is believed, nor named by the route? */
function isMissing(head: Head, id: number, isTrusted: boolean, named: Uint8Array): boolean {
  return named[id] === 0 && (!isTrusted || head.findField(id) < 0);
}

function markAll(head: Head, id: number): void {
  for (let field = head.findField(id); field >= 0; field = head.findField(id, field + 1)) head.hopByHop[field] = 1;
}

/** What says how the body is framed is not forwarded; nor is that the client waits before it sends that body. */
function markFraming(head: Head): void {
  markAll(head, FIELD_CONTENT_LENGTH);
  markAll(head, FIELD_TRANSFER_ENCODING);
  markAll(head, FIELD_TRAILER);
  markAll(head, FIELD_EXPECT);
}

function putFraming(target: Uint8Array, at: number, framing: number): number {
  if (framing === FRAMING_IN_CHUNKS) return put(target, at, CHUNKED);
  const end = putDecimal(target, put(target, at, CONTENT_LENGTH), framing);
  return put(target, end, END_OF_LINE);
}

/** In the origin form and as HTTP/1.1, which is what the connection to the upstream speaks (RFC 9112 section 3.2.1). */
function putRequestLine(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  changed: Uint8Array | null,
): number {
  // Up to and with the space behind the method.
  let end = copy(target, at, source, base + head.methodStart, base + head.targetStart);
  if (changed !== null) {
    end = put(target, end, changed);
  } else if (head.targetForm !== TARGET_ABSOLUTE) {
    end = copy(target, end, source, base + head.targetStart, base + head.targetEnd);
  } else if (head.pathStart === head.pathEnd) {
    // Without path and query OPTIONS is about the server as a whole (RFC 9112 section 3.2.4).
    end = put(target, end, head.method === METHOD_OPTIONS ? ASTERISK : SLASH);
  } else {
    if (head.pathStart === head.queryStart) end = put(target, end, SLASH);
    end = copy(target, end, source, base + head.pathStart, base + head.pathEnd);
  }
  return put(target, end, HTTP_11);
}

/** `host`: another one than the request's. */
function putHost(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  host: Uint8Array | null,
): number {
  const start = put(target, at, HOST);
  const end =
    host === null ? copy(target, start, source, base + head.hostStart, base + head.hostEnd) : put(target, start, host);
  return put(target, end, END_OF_LINE);
}

function putForwardedFor(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  isTrusted: boolean,
  additions: RequestAdditions,
): number {
  let end = put(target, at, X_FORWARDED_FOR);
  if (isTrusted) end = putEarlier(target, end, head, source, base, FIELD_X_FORWARDED_FOR);
  end = put(target, end, additions.client);
  return put(target, end, END_OF_LINE);
}

/** RFC 7239 section 4. */
function putForwarded(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  isTrusted: boolean,
  additions: RequestAdditions,
): number {
  let end = put(target, at, FORWARDED);
  if (isTrusted) end = putEarlier(target, end, head, source, base, FIELD_FORWARDED);
  end = put(target, end, FOR);
  end = put(target, end, additions.forwardedFor);
  if (head.hasHost) {
    // A host has no quote and no backslash.
    end = put(target, end, QUOTED_HOST);
    end = copy(target, end, source, base + head.hostStart, base + head.hostEnd);
    end = put(target, end, QUOTE);
  }
  return put(target, end, PROTO);
}

/** The values of all fields of that number, each with a comma behind it. */
function putEarlier(target: Uint8Array, at: number, head: Head, source: Uint8Array, base: number, id: number): number {
  let end = at;
  for (let field = head.findField(id); field >= 0; field = head.findField(id, field + 1)) {
    end = putValue(target, end, head, source, base, field);
    end = put(target, end, COMMA);
  }
  return end;
}

/** How often a request may be forwarded, by its Max-Forwards field, or -1 (RFC 9110 section 7.6.2). */
export function maximumForwards(head: Head, source: Uint8Array, base: number): number {
  const field = head.findField(FIELD_MAX_FORWARDS);
  if (field < 0) return -1;
  const start = valueStart(head, base, field);
  const end = valueEnd(head, base, field);
  if (start === end || end - start > MAX_FORWARDS_DIGITS) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (source[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
