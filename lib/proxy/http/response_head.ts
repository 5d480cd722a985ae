/**
 * The head of a forwarded response (RFC 9110 section 7.6, RFC 9112 section 6).
 *
 * @module
 */
import { FRAMING_NONE, type Head } from "../../http/head.ts";
import { FIELD_CONTENT_LENGTH, FIELD_DATE, FIELD_TRAILER, FIELD_TRANSFER_ENCODING } from "../../http/known_fields.ts";
import { ascii, copy, put, putDecimal } from "./bytes.ts";
import { fieldTable, putFields } from "./fields.ts";
import type { HeaderEdits } from "./routing/header_edits.ts";

/** The body's bytes are passed on as they are. */
export const BODY_RAW = 0;
/** The chunks' data is passed on without its framing: to a client that does not know chunks. */
export const BODY_UNFRAMED = 1;
/** The body ends with the upstream's connection and gets chunks, so that the client's can go on. */
export const BODY_CHUNKED = 2;

const NOTHING: Uint8Array = fieldTable([]);
const FRAMING: Uint8Array = fieldTable([FIELD_TRANSFER_ENCODING]);
const FRAMING_AND_LENGTH: Uint8Array = fieldTable([FIELD_TRANSFER_ENCODING, FIELD_CONTENT_LENGTH, FIELD_TRAILER]);
const CONTENT_LENGTH: Uint8Array = ascii("content-length: ");
const STATUS_LINE: Uint8Array = ascii("HTTP/1.1 ");
const SPACE: Uint8Array = ascii(" ");
const CONNECTION_CLOSE: Uint8Array = ascii("connection: close\r\n");
const CONNECTION_KEEP_ALIVE: Uint8Array = ascii("connection: keep-alive\r\n");
const CONNECTION_UPGRADE: Uint8Array = ascii("connection: upgrade\r\n");
const CHUNKED: Uint8Array = ascii("transfer-encoding: chunked\r\n");
const DATE: Uint8Array = ascii("date: ");
const END_OF_LINE: Uint8Array = ascii("\r\n");

/** The body is as the upstream has it, or is framed as `bodyMode` says. */
export const RESPONSE_FRAMING_KEPT = -2;
/** Another body, whose length is not known. */
export const RESPONSE_FRAMING_UNKNOWN = -1;

/** What the client has to know about its own connection. */
export interface ResponseAdditions {
  /** A `BODY_` number. */
  readonly bodyMode: number;
  /** Is the connection closed after this response? */
  readonly isLast: boolean;
  /** Does the client speak HTTP/1.0, so that it has to be told that the connection goes on? */
  readonly isOldClient: boolean;
  /** The current date (RFC 9110 section 5.6.7). */
  readonly date: Uint8Array;
  /** What the route changes about it. */
  readonly edits: HeaderEdits | null;
  /** A `RESPONSE_FRAMING_` number, or the length of another body. */
  readonly framing: number;
}

/** Bytes that {@linkcode putResponseHead} adds to a head at the most, without those of a route's edits. */
export const RESPONSE_ADDITION_BYTES = 224;

/** Where the reason phrase of `HTTP/1.1 200 OK` starts. */
const REASON_START: number = STATUS_LINE.length + 4;

/**
 * Can the head of a final response be forwarded where it stands, to a client that needs to know nothing else? Then only
 * the gaps of fields that are left out have to be closed.
 */
export function staysInPlace(head: Head): boolean {
  return head.minorVersion === 1 && head.reasonStart === REASON_START && head.findField(FIELD_DATE) >= 0;
}

/** Write the head of the forwarded response, final or interim. Returns where it ends. */
export function putResponseHead(
  target: Uint8Array,
  at: number,
  head: Head,
  source: Uint8Array,
  base: number,
  additions: ResponseAdditions,
): number {
  let end = put(target, at, STATUS_LINE);
  end = putDecimal(target, end, head.status);
  end = put(target, end, SPACE);
  end = copy(target, end, source, base + head.reasonStart, base + head.reasonEnd);
  end = put(target, end, END_OF_LINE);
  const isInterim = head.status < 200;
  const isUpgrade = head.status === 101;
  const { edits, framing } = additions;
  const isReframed = framing !== RESPONSE_FRAMING_KEPT;
  const dropped = isReframed ? FRAMING_AND_LENGTH : additions.bodyMode === BODY_UNFRAMED ? FRAMING : NOTHING;
  edits?.mark(head, source, base);
  end = putFields(target, end, head, source, base, dropped, isUpgrade ? head.upgradeField : -1, -1);
  if (isUpgrade) end = put(target, end, CONNECTION_UPGRADE);
  if (!isInterim) {
    const isInChunks = framing === RESPONSE_FRAMING_UNKNOWN && !additions.isOldClient && hasBody(head);
    if (isInChunks || (additions.bodyMode === BODY_CHUNKED && !isReframed)) end = put(target, end, CHUNKED);
    if (framing >= 0) {
      end = put(target, end, CONTENT_LENGTH);
      end = putDecimal(target, end, framing);
      end = put(target, end, END_OF_LINE);
    }
    if (additions.isLast) end = put(target, end, CONNECTION_CLOSE);
    else if (additions.isOldClient) end = put(target, end, CONNECTION_KEEP_ALIVE);
    // A proxy with a clock adds it (RFC 9110 section 6.6.1).
    if (head.findField(FIELD_DATE) < 0 && edits?.named[FIELD_DATE] !== 1) {
      end = put(target, end, DATE);
      end = put(target, end, additions.date);
      end = put(target, end, END_OF_LINE);
    }
  }
  if (edits !== null) end = put(target, end, edits.appended);
  return put(target, end, END_OF_LINE);
}

function hasBody(head: Head): boolean {
  return head.framing !== FRAMING_NONE;
}
