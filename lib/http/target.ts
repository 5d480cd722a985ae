/**
 * The four forms of a request's target (RFC 9112 section 3.2).
 *
 * @module
 */
import { ASTERISK, asciiBytes, LOWER_CASE, QUESTION, SLASH } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { type Head, TARGET_ABSOLUTE, TARGET_ASTERISK, TARGET_AUTHORITY, TARGET_ORIGIN } from "./head.ts";
import { hostNameEnd, portOf } from "./host.ts";
import { METHOD_CONNECT, METHOD_OPTIONS } from "./methods.ts";

const HTTP = asciiBytes("http://");
const HTTPS = asciiBytes("https://");

/** Find out which form the target of the head has, and where its parts are. */
export function parseTarget(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  const first = memory[start + head.targetStart] as number;
  if (head.method === METHOD_CONNECT) return parseAuthority(head, memory, start);
  if (first === SLASH) {
    head.targetForm = TARGET_ORIGIN;
    setPath(head, memory, start, head.targetStart);
    return null;
  }
  if (first === ASTERISK) return parseAsterisk(head);
  return parseAbsolute(head, memory, start);
}

/** For CONNECT, and only for it (RFC 9112 section 3.2.3); the port must be there (RFC 9110 section 9.3.6). */
function parseAuthority(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  const authorityEnd = start + head.targetEnd;
  for (let position = start + head.targetStart; position < authorityEnd; position++) {
    const byte = memory[position] as number;
    if (byte === SLASH || byte === QUESTION) return FAULT.targetForm;
  }
  const nameEnd = hostNameEnd(memory, start + head.targetStart, authorityEnd);
  if (nameEnd < 0 || portOf(memory, nameEnd + 1, authorityEnd) <= 0) return FAULT.targetAuthority;
  head.targetForm = TARGET_AUTHORITY;
  head.pathStart = head.targetEnd;
  head.pathEnd = head.targetEnd;
  setHost(head, head.targetStart, head.targetEnd, nameEnd - start);
  return null;
}

/** The server as a whole, for OPTIONS and only for it (RFC 9112 section 3.2.4). */
function parseAsterisk(head: Head): HttpFault | null {
  if (head.method !== METHOD_OPTIONS || head.targetEnd - head.targetStart !== 1) return FAULT.targetForm;
  head.targetForm = TARGET_ASTERISK;
  head.pathStart = head.targetEnd;
  head.pathEnd = head.targetEnd;
  return null;
}

/** A whole URI, as for a proxy, which every server must accept (RFC 9112 section 3.2.2). */
function parseAbsolute(head: Head, memory: Uint8Array, start: number): HttpFault | null {
  const authorityStart = afterScheme(memory, start + head.targetStart, start + head.targetEnd);
  if (authorityStart < 0) return FAULT.targetForm;
  let authorityEnd = authorityStart;
  while (authorityEnd < start + head.targetEnd) {
    const byte = memory[authorityEnd] as number;
    if (byte === SLASH || byte === QUESTION) break;
    authorityEnd++;
  }
  const nameEnd = hostNameEnd(memory, authorityStart, authorityEnd);
  if (nameEnd < 0) return FAULT.targetAuthority;
  head.targetForm = TARGET_ABSOLUTE;
  setHost(head, authorityStart - start, authorityEnd - start, nameEnd - start);
  setPath(head, memory, start, authorityEnd - start);
  return null;
}

/** Where the authority starts, or -1. Other schemes than those of HTTP are not for us. */
function afterScheme(memory: Uint8Array, targetStart: number, targetEnd: number): number {
  if (hasPrefix(memory, targetStart, targetEnd, HTTP)) return targetStart + HTTP.length;
  if (hasPrefix(memory, targetStart, targetEnd, HTTPS)) return targetStart + HTTPS.length;
  return -1;
}

/** Schemes are compared in any case (RFC 3986 section 3.1). */
function hasPrefix(memory: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) {
    if (LOWER_CASE[memory[start + index] as number] !== prefix[index]) return false;
  }
  return true;
}

function setHost(head: Head, hostStart: number, hostEnd: number, nameEnd: number): void {
  head.hasHost = true;
  head.hostStart = hostStart;
  head.hostEnd = hostEnd;
  head.hostNameEnd = nameEnd;
}

function setPath(head: Head, memory: Uint8Array, start: number, pathStart: number): void {
  head.pathStart = pathStart;
  head.pathEnd = head.targetEnd;
  const pathEnd = start + head.targetEnd;
  for (let position = start + pathStart; position < pathEnd; position++) {
    if (memory[position] === QUESTION) {
      head.queryStart = position - start;
      return;
    }
  }
}
