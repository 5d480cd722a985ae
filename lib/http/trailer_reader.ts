/**
 * The trailer section of a chunked body (RFC 9112 section 7.1.2), byte by byte: bytes that were read are not seen
 * again.
 *
 * @module
 */
import { COLON, CR, IS_FIELD_VALUE, IS_TOKEN, LF, SPACE, TAB } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import { IS_FORBIDDEN_TRAILER, KNOWN_NAME_BYTES_MAX, knownField } from "./known_fields.ts";
import type { HttpLimits } from "./limits.ts";
import { unexpected } from "./parse_stop.ts";

/** At the start of a field, or of the empty line. */
const STAGE_START = 0;
/** In the name of a field. */
const STAGE_NAME = 1;
/** After the colon. */
const STAGE_VALUE = 2;
/** After the CR of a field. */
const STAGE_LINE_FEED = 3;
/** After the CR of the empty line. */
const STAGE_END_LINE_FEED = 4;

/** @internal Reads trailer sections, to check them. */
export class TrailerReader {
  /** Fields so far. */
  count = 0;
  /** Was the empty line read? */
  isComplete = false;
  /** The rule that the section breaks. */
  fault: HttpFault | null = null;
  #stage: number = STAGE_START;
  #bytes = 0;
  /** A name may arrive in parts: those that could be known are kept until the colon. */
  readonly #name: Uint8Array = new Uint8Array(KNOWN_NAME_BYTES_MAX);
  #nameBytes = 0;
  readonly #limits: HttpLimits;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** A new body. */
  begin(): void {
    this.count = 0;
    this.isComplete = false;
    this.fault = null;
    this.#stage = STAGE_START;
    this.#bytes = 0;
  }

  /** Read up to the end of the section, a faulty byte, or `end`; returns that position. */
  read(memory: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end && !this.isComplete) {
      this.fault = this.#readByte(memory[position] as number);
      if (this.fault !== null) return position;
      position++;
    }
    return position;
  }

  #readByte(byte: number): HttpFault | null {
    if (++this.#bytes > this.#limits.trailerBytes) return FAULT.trailerBytes;
    switch (this.#stage) {
      case STAGE_START:
        return this.#readStart(byte);
      case STAGE_NAME:
        return this.#readName(byte);
      case STAGE_VALUE:
        if (IS_FIELD_VALUE[byte] === 1) return null;
        if (byte !== CR) return byte === LF ? FAULT.bareLineFeed : FAULT.fieldValue;
        this.#stage = STAGE_LINE_FEED;
        return null;
      default:
        if (byte !== LF) return FAULT.bareCarriageReturn;
        this.isComplete = this.#stage === STAGE_END_LINE_FEED;
        this.#stage = STAGE_START;
        return null;
    }
  }

  #readStart(byte: number): HttpFault | null {
    if (byte === CR) {
      this.#stage = STAGE_END_LINE_FEED;
      return null;
    }
    if (IS_TOKEN[byte] === 0) {
      if (byte === SPACE || byte === TAB) return this.count === 0 ? FAULT.leadingSpace : FAULT.obsoleteFold;
      return byte === COLON ? FAULT.fieldNameEmpty : unexpected(byte, FAULT.fieldName);
    }
    if (this.count === this.#limits.fieldCount) return FAULT.trailerCount;
    this.count++;
    this.#name[0] = byte;
    this.#nameBytes = 1;
    this.#stage = STAGE_NAME;
    return null;
  }

  #readName(byte: number): HttpFault | null {
    if (IS_TOKEN[byte] === 1) {
      // A longer name is not known, whatever it is.
      if (this.#nameBytes < KNOWN_NAME_BYTES_MAX) this.#name[this.#nameBytes] = byte;
      this.#nameBytes++;
      return null;
    }
    if (byte !== COLON) return byte === SPACE || byte === TAB ? FAULT.fieldNameSpace : FAULT.fieldName;
    if (IS_FORBIDDEN_TRAILER[knownField(this.#name, 0, this.#nameBytes)] === 1) return FAULT.trailerField;
    this.#stage = STAGE_VALUE;
    return null;
  }
}
