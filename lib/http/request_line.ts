/**
 * The first line of a request (RFC 9112 section 3): `method SP request-target SP HTTP-version CRLF`.
 *
 * @module
 */
import { CR, IS_TARGET, IS_TOKEN, LF, SPACE, TAB } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import {
  type Head,
  STAGE_EMPTY_LINE_FEED,
  STAGE_METHOD,
  STAGE_START,
  STAGE_START_LINE_FEED,
  STAGE_TARGET,
  STAGE_VERSION,
} from "./head.ts";
import { methodOf } from "./methods.ts";
import { fail, suspend, unexpected } from "./parse_stop.ts";
import { parseTarget } from "./target.ts";
import { minorVersionOf, scanVersion, VERSION_BYTES } from "./version.ts";

/** No registered method is half as long (https://www.iana.org/assignments/http-methods). */
const METHOD_BYTES_MAX = 64;

/**
 * Go on with the request line, at the head's stage and position. Returns the position after the line, or STOPPED.
 * Each fault is found at the first byte that no valid line has there, so that it does not depend on
 * how the bytes arrive.
 */
export function parseRequestLine(head: Head, memory: Uint8Array, start: number, stop: number): number {
  let position = start + head.position;
  let stage = head.stage;

  if (stage === STAGE_START) {
    if (position === stop) return suspend(head, stage, position - start);
    if (memory[position] === CR) {
      position++;
      stage = STAGE_EMPTY_LINE_FEED;
    } else stage = STAGE_METHOD;
  }

  // One empty line may come before, as old clients sent one after a body (RFC 9112 section 2.2).
  if (stage === STAGE_EMPTY_LINE_FEED) {
    if (position === stop) return suspend(head, stage, position - start);
    if (memory[position] !== LF) return fail(head, FAULT.bareCarriageReturn);
    position++;
    head.methodStart = position - start;
    stage = STAGE_METHOD;
  }

  if (stage === STAGE_METHOD) {
    const methodStart = start + head.methodStart;
    const methodStop = Math.min(stop, methodStart + METHOD_BYTES_MAX);
    while (position < methodStop && IS_TOKEN[memory[position] as number] === 1) position++;
    if (position === stop) return suspend(head, stage, position - start);
    if (memory[position] !== SPACE || position === methodStart) {
      return fail(head, methodFault(memory[position] as number, head, position - start));
    }
    head.method = methodOf(memory, methodStart, position);
    head.methodEnd = position - start;
    position++;
    head.targetStart = position - start;
    stage = STAGE_TARGET;
  }

  if (stage === STAGE_TARGET) {
    const targetStart = start + head.targetStart;
    const targetStop = Math.min(stop, targetStart + head.limits.targetBytes);
    while (position < targetStop && IS_TARGET[memory[position] as number] === 1) position++;
    if (position === stop) return suspend(head, stage, position - start);
    if (memory[position] !== SPACE) return fail(head, targetFault(memory[position] as number));
    if (position === targetStart) return fail(head, FAULT.requestLineSpace);
    head.targetEnd = position - start;
    position++;
    head.versionStart = position - start;
    stage = STAGE_VERSION;
  }

  if (stage === STAGE_VERSION) {
    const versionStart = start + head.versionStart;
    position = scanVersion(memory, versionStart, position, stop);
    if (position === stop) return suspend(head, stage, position - start);
    const byte = memory[position] as number;
    if (position < versionStart + VERSION_BYTES) {
      return fail(head, byte === SPACE && position === versionStart ? FAULT.requestLineSpace : FAULT.version);
    }
    if (byte !== CR) return fail(head, afterVersionFault(byte));
    head.minorVersion = minorVersionOf(memory, versionStart);
    if (head.minorVersion < 0) return fail(head, FAULT.versionUnsupported);
    position++;
    stage = STAGE_START_LINE_FEED;
  }

  if (position === stop) return suspend(head, STAGE_START_LINE_FEED, position - start);
  if (memory[position] !== LF) return fail(head, FAULT.bareCarriageReturn);
  const fault = parseTarget(head, memory, start);
  return fault === null ? position + 1 : fail(head, fault);
}

/** Why the byte does not end a method. */
function methodFault(byte: number, head: Head, position: number): HttpFault {
  if (IS_TOKEN[byte] === 1) return FAULT.methodBytes;
  if (byte === CR && position > 0 && position === head.methodStart) return FAULT.emptyLines;
  return unexpected(byte, FAULT.method);
}

/** Why the byte does not end a target. */
function targetFault(byte: number): HttpFault {
  if (IS_TARGET[byte] === 1) return FAULT.targetBytes;
  // The line of HTTP/0.9 ends here.
  return byte === CR || byte === LF ? FAULT.version : FAULT.targetCharacter;
}

/** Why the byte does not end a request line. */
function afterVersionFault(byte: number): HttpFault {
  if (byte === LF) return FAULT.bareLineFeed;
  return byte === SPACE || byte === TAB ? FAULT.requestLineSpace : FAULT.version;
}
