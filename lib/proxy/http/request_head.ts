/**
 * The head of a forwarded request (RFC 9110 section 7.6, RFC 9112 section 3.2).
 *
 * @module
 */
import { FIELD_WORDS, type Head, TARGET_ABSOLUTE } from "../../http/head.ts";
import {
  FIELD_FORWARDED,
  FIELD_HOST,
  FIELD_MAX_FORWARDS,
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
const MAX_FORWARDS_DIGITS = 9;
const FIXED_BYTES = 256 + REQUEST_ID_BYTES;

/** What a forwarded request says besides what the client said. */
export interface RequestAdditions {
  /** The client's IP address as text. */
  readonly client: Uint8Array;
  /** Host and port for a request that names none. */
  readonly defaultHost: Uint8Array;
  /** Are the client's own words about where the request comes from believed? */
  readonly isTrusted: boolean;
  readonly requestIds: RequestIds;
}

/** Bytes that {@linkcode putRequestHead} needs at the most. */
export function requestHeadBytes(head: Head, additions: RequestAdditions): number {
  // The host may come twice.
  return head.length + (head.hostEnd - head.hostStart) * 2 + additions.defaultHost.length + FIXED_BYTES;
}

/** Write the head of the forwarded request. Returns where it ends. */
export function putRequestHead(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  additions: RequestAdditions,
): number {
  const { isTrusted } = additions;
  const forwards = head.method === METHOD_OPTIONS ? maximumForwards(head, source, base) : -1;
  if (forwards >= 0) head.hopByHop[head.findField(FIELD_MAX_FORWARDS)] = 1;
  const replacesHost = head.targetForm === TARGET_ABSOLUTE || !head.hasHost;
  let end = putRequestLine(target, at, head, source, base);
  if (replacesHost) end = putHost(target, end, head, source, base, additions.defaultHost);
  const dropped = replacesHost ? (isTrusted ? TRUSTED_BUT_HOST : UNTRUSTED_BUT_HOST) : isTrusted ? TRUSTED : UNTRUSTED;
  end = putFields(target, end, head, source, base, dropped, head.upgradeField);
  if (head.upgradeField >= 0) end = put(target, end, CONNECTION_UPGRADE);
  if (forwards >= 0) {
    end = put(target, end, MAX_FORWARDS);
    end = putDecimal(target, end, forwards - 1);
    end = put(target, end, END_OF_LINE);
  }
  end = put(target, end, head.minorVersion === 1 ? VIA : VIA_10);
  end = putForwardedFor(target, end, head, source, base, additions);
  if (!isTrusted || head.findField(FIELD_X_FORWARDED_PROTO) < 0) end = put(target, end, X_FORWARDED_PROTO);
  if (head.hasHost && (!isTrusted || head.findField(FIELD_X_FORWARDED_HOST) < 0)) {
    end = put(target, end, X_FORWARDED_HOST);
    end = copy(target, end, source, base + head.hostStart, base + head.hostEnd);
    end = put(target, end, END_OF_LINE);
  }
  if (!isTrusted || head.findField(FIELD_X_REQUEST_ID) < 0) {
    end = put(target, end, X_REQUEST_ID);
    end = additions.requestIds.put(target, end);
    end = put(target, end, END_OF_LINE);
  }
  return put(target, end, END_OF_LINE);
}

/** In the origin form and as HTTP/1.1, which is what the connection to the upstream speaks (RFC 9112 section 3.2.1). */
function putRequestLine(target: Uint8Array, at: number, head: Head, source: Uint8Array, base: number): number {
  // Up to and with the space behind the method.
  let end = copy(target, at, source, base + head.methodStart, base + head.targetStart);
  if (head.targetForm !== TARGET_ABSOLUTE) {
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

function putHost(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  defaultHost: Uint8Array,
): number {
  const start = put(target, at, HOST);
  const end = head.hasHost
    ? copy(target, start, source, base + head.hostStart, base + head.hostEnd)
    : put(target, start, defaultHost);
  return put(target, end, END_OF_LINE);
}

function putForwardedFor(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  { isTrusted, client }: RequestAdditions,
): number {
  let end = put(target, at, X_FORWARDED_FOR);
  if (isTrusted) {
    let field = head.findField(FIELD_X_FORWARDED_FOR);
    for (; field >= 0; field = head.findField(FIELD_X_FORWARDED_FOR, field + 1)) {
      end = putValue(target, end, head, source, base, field);
      end = put(target, end, COMMA);
    }
  }
  end = put(target, end, client);
  return put(target, end, END_OF_LINE);
}

/** How often a request may be forwarded, by its Max-Forwards field, or -1 (RFC 9110 section 7.6.2). */
export function maximumForwards(head: Head, source: Uint8Array, base: number): number {
  const field = head.findField(FIELD_MAX_FORWARDS);
  if (field < 0) return -1;
  const start = base + (head.fields[field * FIELD_WORDS + 2] as number);
  const end = base + (head.fields[field * FIELD_WORDS + 3] as number);
  if (start === end || end - start > MAX_FORWARDS_DIGITS) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (source[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
