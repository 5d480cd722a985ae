/**
 * The value of a Transfer-Encoding field (RFC 9112 sections 6.1 and 7).
 *
 * @module
 */
import { asciiBytes, COMMA, equalsLowerCase, IS_TOKEN, SEMICOLON, SPACE, TAB } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";

const CHUNKED = asciiBytes("chunked");

/**
 * Nothing but `chunked` is accepted, in any case: it is all that can be forwarded without decoding, and every
 * further element is how two parsers come to see different messages. What is a token but not `chunked` is a coding
 * that we do not have (501); what is after `chunked`, even its own parameters (RFC 9112 section 7.1), or
 * is no list of tokens at all, has no defined end (400).
 */
export function transferEncodingFault(memory: Uint8Array, start: number, end: number): HttpFault | null {
  let tokenEnd = start;
  while (tokenEnd < end && IS_TOKEN[memory[tokenEnd] as number] === 1) tokenEnd++;
  if (tokenEnd === start) return FAULT.transferEncoding;
  if (equalsLowerCase(memory, start, tokenEnd, CHUNKED)) return tokenEnd === end ? null : FAULT.transferEncoding;
  if (tokenEnd === end) return FAULT.transferCoding;
  const next = memory[tokenEnd] as number;
  const isList = next === COMMA || next === SEMICOLON || next === SPACE || next === TAB;
  return isList ? FAULT.transferCoding : FAULT.transferEncoding;
}
