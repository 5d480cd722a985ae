/**
 * Parses the head of a message in place, in one go or in as many as it takes to arrive.
 *
 * @module
 */
import { FAULT, type HttpFault } from "./fault.ts";
import { parseFieldLines } from "./field_lines.ts";
import { type Head, STAGE_DONE, STAGE_FIELD_START } from "./head.ts";
import { finishRequest, finishResponse } from "./message_rules.ts";
import { STOPPED } from "./parse_stop.ts";
import { parseRequestLine } from "./request_line.ts";
import { parseStatusLine } from "./status_line.ts";

/** The head has not ended yet. */
export const PARSE_INCOMPLETE = 0;
/** The head breaks a rule: `Head.fault`. */
export const PARSE_FAULT = -1;

/**
 * Parse a request's head in the bytes from `start` to `end`, of which more than the head may be there. Returns
 * the length of the head, PARSE_INCOMPLETE or PARSE_FAULT.
 *
 * After PARSE_INCOMPLETE it is called again once there are more bytes, with all bytes of the head, which may be in
 * other memory and at another place. It goes on where it stopped. Before another head, reset the `Head`.
 *
 * @example
 * ```ts
 * const length = parseRequestHead(head, memory, start, end);
 * if (length === PARSE_FAULT) refuse(head.fault);
 * else if (length > PARSE_INCOMPLETE) forward(head, start + length);
 * ```
 */
export function parseRequestHead(head: Head, memory: Uint8Array, start: number, end: number): number {
  head.isRequest = true;
  if (head.fault !== null) return PARSE_FAULT;
  if (head.stage === STAGE_DONE) return head.length;
  const stop = Math.min(end, start + head.limits.headBytes);
  let position = start + head.position;
  let stage = head.stage;
  if (stage < STAGE_FIELD_START) {
    position = parseRequestLine(head, memory, start, stop);
    if (position === STOPPED) return stopped(head);
    stage = STAGE_FIELD_START;
  }
  position = parseFieldLines(head, memory, start, stop, position, stage);
  if (position === STOPPED) return stopped(head);
  return finished(head, position - start, finishRequest(head, memory, start));
}

/** The same for a response to a request with that method: the body's framing depends on it. */
export function parseResponseHead(
  head: Head,
  memory: Uint8Array,
  start: number,
  end: number,
  requestMethod: number,
): number {
  head.isRequest = false;
  if (head.fault !== null) return PARSE_FAULT;
  if (head.stage === STAGE_DONE) return head.length;
  const stop = Math.min(end, start + head.limits.headBytes);
  let position = start + head.position;
  let stage = head.stage;
  if (stage < STAGE_FIELD_START) {
    position = parseStatusLine(head, memory, start, stop);
    if (position === STOPPED) return stopped(head);
    stage = STAGE_FIELD_START;
  }
  position = parseFieldLines(head, memory, start, stop, position, stage);
  if (position === STOPPED) return stopped(head);
  return finished(head, position - start, finishResponse(head, memory, start, requestMethod));
}

/** More bytes are needed. If there may be no more, the head is too long: no need to wait for the next one. */
function stopped(head: Head): number {
  if (head.fault === null && head.position >= head.limits.headBytes) head.fault = FAULT.headBytes;
  return head.fault === null ? PARSE_INCOMPLETE : PARSE_FAULT;
}

function finished(head: Head, length: number, fault: HttpFault | null): number {
  head.fault = fault;
  if (fault !== null) return PARSE_FAULT;
  head.stage = STAGE_DONE;
  head.length = length;
  return length;
}
