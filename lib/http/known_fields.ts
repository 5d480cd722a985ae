/**
 * Numbers for the fields that a proxy treats in a special way, so that names are compared once.
 *
 * @module
 */
import { asciiBytes, equalsLowerCase } from "./characters.ts";

/** A field that has no number of its own. */
export const FIELD_OTHER = 0;
// First those with a rule that the head's parser applies: it looks at no others.
/** Content-Length (RFC 9110 section 8.6) */
export const FIELD_CONTENT_LENGTH = 1;
/** Transfer-Encoding (RFC 9112 section 6.1) */
export const FIELD_TRANSFER_ENCODING = 2;
/** Host (RFC 9110 section 7.2) */
export const FIELD_HOST = 3;
/** Connection (RFC 9110 section 7.6.1) */
export const FIELD_CONNECTION = 4;
/** Upgrade (RFC 9110 section 7.8) */
export const FIELD_UPGRADE = 5;
/** Expect (RFC 9110 section 10.1.1) */
export const FIELD_EXPECT = 6;
/** Via (RFC 9110 section 7.6.3) */
export const FIELD_VIA = 7;
/** @internal The last number with a rule. */
export const FIELD_WITH_RULE_MAX = 7;
/** Keep-Alive (RFC 2068 section 19.7.1.1) */
export const FIELD_KEEP_ALIVE = 8;
/** Proxy-Connection (RFC 9112 appendix C.2.2) */
export const FIELD_PROXY_CONNECTION = 9;
/** TE (RFC 9110 section 10.1.4) */
export const FIELD_TE = 10;
/** Trailer (RFC 9110 section 6.6.2) */
export const FIELD_TRAILER = 11;
/** Forwarded (RFC 7239) */
export const FIELD_FORWARDED = 12;
/** X-Forwarded-For */
export const FIELD_X_FORWARDED_FOR = 13;
/** X-Forwarded-Proto */
export const FIELD_X_FORWARDED_PROTO = 14;
/** X-Forwarded-Host */
export const FIELD_X_FORWARDED_HOST = 15;
/** X-Forwarded-Port */
export const FIELD_X_FORWARDED_PORT = 16;
/** X-Real-IP */
export const FIELD_X_REAL_IP = 17;
/** X-Request-ID */
export const FIELD_X_REQUEST_ID = 18;
/** Max-Forwards (RFC 9110 section 7.6.2) */
export const FIELD_MAX_FORWARDS = 19;
/** Date (RFC 9110 section 6.6.1) */
export const FIELD_DATE = 20;
/** Proxy-Authenticate (RFC 9110 section 11.7.1) */
export const FIELD_PROXY_AUTHENTICATE = 21;
/** Proxy-Authorization (RFC 9110 section 11.7.2) */
export const FIELD_PROXY_AUTHORIZATION = 22;
/** Authorization (RFC 9110 section 11.6.2) */
export const FIELD_AUTHORIZATION = 23;
/** Content-Type (RFC 9110 section 8.3) */
export const FIELD_CONTENT_TYPE = 24;
/** Content-Encoding (RFC 9110 section 8.4) */
export const FIELD_CONTENT_ENCODING = 25;
/** Content-Range (RFC 9110 section 14.4) */
export const FIELD_CONTENT_RANGE = 26;
/** Accept (RFC 9110 section 12.5.1) */
export const FIELD_ACCEPT = 27;
/** User-Agent (RFC 9110 section 10.1.5) */
export const FIELD_USER_AGENT = 28;
/** Referer (RFC 9110 section 10.1.3) */
export const FIELD_REFERER = 29;
/** Server (RFC 9110 section 10.2.4) */
export const FIELD_SERVER = 30;
/** Cookie (RFC 6265 section 4.2) */
export const FIELD_COOKIE = 31;
/** Set-Cookie (RFC 6265 section 4.1) */
export const FIELD_SET_COOKIE = 32;
/** Cache-Control (RFC 9111 section 5.2) */
export const FIELD_CACHE_CONTROL = 33;

/** In the order of their numbers. */
const NAMES: readonly string[] = [
  "",
  "content-length",
  "transfer-encoding",
  "host",
  "connection",
  "upgrade",
  "expect",
  "via",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-real-ip",
  "x-request-id",
  "max-forwards",
  "date",
  "proxy-authenticate",
  "proxy-authorization",
  "authorization",
  "content-type",
  "content-encoding",
  "content-range",
  "accept",
  "user-agent",
  "referer",
  "server",
  "cookie",
  "set-cookie",
  "cache-control",
];

/** How many numbers there are. */
export const FIELD_COUNT: number = NAMES.length;
/** No known name is longer. */
export const KNOWN_NAME_BYTES_MAX: number = Math.max(...NAMES.map((name) => name.length));

const NAME_BYTES: readonly Uint8Array[] = NAMES.map(asciiBytes);
/** By length and first letter: the first field to compare with. */
const FIRST: Uint8Array = new Uint8Array((KNOWN_NAME_BYTES_MAX + 1) << 5);
/** By field: the next one with the same length and first letter. */
const NEXT: Uint8Array = new Uint8Array(FIELD_COUNT);
for (let field = FIELD_COUNT - 1; field > 0; field--) {
  const name = NAME_BYTES[field] as Uint8Array;
  const slot = slotOf(name.length, name[0] as number);
  NEXT[field] = FIRST[slot] as number;
  FIRST[slot] = field;
}

/** Capital and small letters have the same low five bits. */
function slotOf(length: number, first: number): number {
  return (length << 5) | (first & 0x1f);
}

/** The number of the field with that name, in any case, or FIELD_OTHER. */
export function knownField(memory: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 0 || length > KNOWN_NAME_BYTES_MAX) return FIELD_OTHER;
  let field = FIRST[slotOf(length, memory[start] as number)] as number;
  while (field !== FIELD_OTHER) {
    if (equalsLowerCase(memory, start, end, NAME_BYTES[field] as Uint8Array)) return field;
    field = NEXT[field] as number;
  }
  return FIELD_OTHER;
}

/** The name of a field in lower case, or an empty text for FIELD_OTHER. */
export function fieldName(field: number): string {
  return NAMES[field] ?? "";
}

/**
 * 1 for the fields that are for the next hop only and must not be forwarded (RFC 9110 section 7.6.1).
 * Transfer-Encoding is not one of them here, as bodies are forwarded in their framing. Neither are
 * Proxy-Authenticate and Proxy-Authorization, which a proxy that does not ask for them passes on
 * (RFC 9110 section 11.7).
 */
export const IS_HOP_BY_HOP: Uint8Array = flags([
  FIELD_CONNECTION,
  FIELD_KEEP_ALIVE,
  FIELD_PROXY_CONNECTION,
  FIELD_TE,
  FIELD_UPGRADE,
]);

/**
 * 1 for the fields that stay although a Connection field nominates them. Without framing the next hop reads
 * other messages than we do, and without what says where a request goes and where it came from, a client could
 * make a proxy forget what the one before it has vouched for
 * (https://nathandavison.com/blog/abusing-http-hop-by-hop-request-headers).
 */
export const IS_NEVER_NOMINATED: Uint8Array = flags([
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
  FIELD_TRAILER,
  FIELD_CONTENT_TYPE,
  FIELD_CONTENT_ENCODING,
  FIELD_CONTENT_RANGE,
  FIELD_HOST,
  FIELD_EXPECT,
  FIELD_MAX_FORWARDS,
  FIELD_VIA,
  FIELD_FORWARDED,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_PROTO,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PORT,
  FIELD_X_REAL_IP,
  FIELD_X_REQUEST_ID,
  FIELD_DATE,
  FIELD_AUTHORIZATION,
  FIELD_COOKIE,
  FIELD_SET_COOKIE,
  FIELD_CACHE_CONTROL,
]);

/**
 * 1 for the fields that must not be in a trailer section: those for framing, routing, authentication, request
 * modifiers, and how content is to be read (RFC 9110 section 6.5.1). A recipient that merges them into the head
 * would otherwise take a decision that we did not see.
 */
export const IS_FORBIDDEN_TRAILER: Uint8Array = flags([
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
  FIELD_TRAILER,
  FIELD_CONTENT_TYPE,
  FIELD_CONTENT_ENCODING,
  FIELD_CONTENT_RANGE,
  FIELD_HOST,
  FIELD_CONNECTION,
  FIELD_KEEP_ALIVE,
  FIELD_PROXY_CONNECTION,
  FIELD_UPGRADE,
  FIELD_TE,
  FIELD_EXPECT,
  FIELD_MAX_FORWARDS,
  FIELD_VIA,
  FIELD_FORWARDED,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_PROTO,
  FIELD_X_FORWARDED_HOST,
  FIELD_X_FORWARDED_PORT,
  FIELD_X_REAL_IP,
  FIELD_PROXY_AUTHENTICATE,
  FIELD_PROXY_AUTHORIZATION,
  FIELD_AUTHORIZATION,
  FIELD_COOKIE,
  FIELD_SET_COOKIE,
  FIELD_CACHE_CONTROL,
]);

function flags(fields: readonly number[]): Uint8Array {
  const table = new Uint8Array(FIELD_COUNT);
  for (const field of fields) table[field] = 1;
  return table;
}
