/**
 * The first line of a response (RFC 9112 section 4): `HTTP-version SP status-code SP [ reason-phrase ] CRLF`.
 *
 * @module
 */
import { CR, DIGIT_0, DIGIT_9, IS_FIELD_VALUE, LF, SPACE } from "./characters.ts";
import { FAULT } from "./fault.ts";
import { type Head, STAGE_REASON, STAGE_START, STAGE_START_LINE_FEED, STAGE_STATUS, STAGE_VERSION } from "./head.ts";
import { fail, suspend, unexpected } from "./parse_stop.ts";
import { minorVersionOf, scanVersion, VERSION_BYTES } from "./version.ts";

const STATUS_START: number = VERSION_BYTES + 1;
const STATUS_END: number = STATUS_START + 3;

/**
 * Go on with the status line, at the head's stage and position. Returns the position after the line, or STOPPED.
 * The space before a reason phrase that is empty may be missing: many servers leave it out, against the
 * grammar, and no parser sees anything else in it.
 */
export function parseStatusLine(head: Head, memory: Uint8Array, start: number, stop: number): number {
  let position = start + head.position;
  let stage = head.stage === STAGE_START ? STAGE_VERSION : head.stage;

  if (stage === STAGE_VERSION) {
    position = scanVersion(memory, start, position, stop);
    if (position === stop) return suspend(head, stage, position - start);
    const byte = memory[position] as number;
    if (position < start + VERSION_BYTES) return fail(head, unexpected(byte, FAULT.version));
    if (byte !== SPACE) return fail(head, unexpected(byte, FAULT.statusLine));
    head.minorVersion = minorVersionOf(memory, start);
    if (head.minorVersion < 0) return fail(head, FAULT.versionUnsupported);
    position++;
    stage = STAGE_STATUS;
  }

  if (stage === STAGE_STATUS) {
    while (position < stop && position < start + STATUS_END) {
      const digit = (memory[position] as number) - DIGIT_0;
      const isFirst = position === start + STATUS_START;
      if (isFirst ? digit < 1 || digit > 5 : digit < 0 || digit > DIGIT_9 - DIGIT_0)
        return fail(head, FAULT.statusCode);
      head.status = head.status * 10 + digit;
      position++;
    }
    if (position === stop) return suspend(head, stage, position - start);
    const byte = memory[position] as number;
    if (byte === SPACE) {
      position++;
      head.reasonStart = position - start;
      stage = STAGE_REASON;
    } else if (byte === CR) {
      head.reasonStart = position - start;
      head.reasonEnd = position - start;
      position++;
      stage = STAGE_START_LINE_FEED;
    } else return fail(head, byte === LF ? FAULT.bareLineFeed : FAULT.statusCode);
  }

  if (stage === STAGE_REASON) {
    while (position < stop && IS_FIELD_VALUE[memory[position] as number] === 1) position++;
    if (position === stop) return suspend(head, stage, position - start);
    const byte = memory[position] as number;
    if (byte !== CR) return fail(head, byte === LF ? FAULT.bareLineFeed : FAULT.reason);
    head.reasonEnd = position - start;
    position++;
  }

  if (position === stop) return suspend(head, STAGE_START_LINE_FEED, position - start);
  return memory[position] === LF ? position + 1 : fail(head, FAULT.bareCarriageReturn);
}
