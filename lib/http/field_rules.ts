/**
 * The rules for single fields of a head, applied when a field's line has ended.
 *
 * @module
 */
import { asciiBytes, equalsLowerCase } from "./characters.ts";
import { contentLengthOf, LENGTH_OVERFLOW } from "./content_length.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { type Head, valueEnd, valueStart } from "./head.ts";
import { hostNameEnd } from "./host.ts";
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_HOST,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  FIELD_VIA,
} from "./known_fields.ts";
import { transferEncodingFault } from "./transfer_encoding.ts";

const CONTINUE = asciiBytes("100-continue");

/** Apply the rule for the field with that index, if its `FIELD_` number has one. */
export function applyFieldRule(
  head: Head,
  memory: Uint8Array,
  start: number,
  field: number,
  id: number,
): HttpFault | null {
  const from = valueStart(head, start, field);
  const to = valueEnd(head, start, field);
  switch (id) {
    case FIELD_CONTENT_LENGTH:
      return applyContentLength(head, memory, field, from, to);
    case FIELD_TRANSFER_ENCODING:
      return applyTransferEncoding(head, memory, field, from, to);
    case FIELD_HOST:
      return head.isRequest ? applyHost(head, memory, start, field, from, to) : null;
    case FIELD_CONNECTION:
      head.hasConnection = true;
      return null;
    case FIELD_UPGRADE:
      if (head.firstUpgradeField < 0) head.firstUpgradeField = field;
      return null;
    case FIELD_EXPECT:
      // A client that speaks HTTP/1.0 knows no interim response (RFC 9110 section 10.1.1).
      if (head.minorVersion === 1 && equalsLowerCase(memory, from, to, CONTINUE)) {
        head.expectsContinue = head.isRequest;
      }
      return null;
    case FIELD_VIA:
      if (head.viaField < 0) head.viaField = field;
      return null;
    default:
      return null;
  }
}

/** Not even the same number twice: RFC 9112 section 6.3 allows to refuse it, and nobody needs it. */
function applyContentLength(head: Head, memory: Uint8Array, field: number, from: number, to: number): HttpFault | null {
  if (head.contentLengthField >= 0) return FAULT.contentLengthRepeated;
  if (head.transferEncodingField >= 0) return FAULT.contentLengthAndTransferEncoding;
  const length = contentLengthOf(memory, from, to);
  if (length < 0) return length === LENGTH_OVERFLOW ? FAULT.contentLengthOverflow : FAULT.contentLength;
  head.contentLength = length;
  head.contentLengthField = field;
  return null;
}

/** RFC 9112 section 6.1: not in HTTP/1.0, where it has no meaning, and not beside a Content-Length. */
function applyTransferEncoding(
  head: Head,
  memory: Uint8Array,
  field: number,
  from: number,
  to: number,
): HttpFault | null {
  // Several fields are one list, in which `chunked` was already.
  if (head.transferEncodingField >= 0) return FAULT.transferEncoding;
  if (head.contentLengthField >= 0) return FAULT.contentLengthAndTransferEncoding;
  if (head.minorVersion === 0) return FAULT.transferEncodingVersion;
  const fault = transferEncodingFault(memory, from, to);
  if (fault === null) head.transferEncodingField = field;
  return fault;
}

/** RFC 9112 section 3.2: one Host field with a valid value, also where the target says which host it is. */
function applyHost(
  head: Head,
  memory: Uint8Array,
  start: number,
  field: number,
  from: number,
  to: number,
): HttpFault | null {
  if (head.hostField >= 0) return FAULT.hostRepeated;
  const nameEnd = hostNameEnd(memory, from, to);
  if (nameEnd < 0) return FAULT.host;
  head.hostField = field;
  if (head.hasHost) return null;
  head.hasHost = true;
  head.hostStart = from - start;
  head.hostEnd = to - start;
  head.hostNameEnd = nameEnd - start;
  return null;
}
