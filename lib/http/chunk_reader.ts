/**
 * The framing of the chunked transfer coding (RFC 9112 section 7.1), byte by byte: bytes that were read are not seen
 * again.
 *
 * @module
 */
import {
  BACKSLASH,
  CR,
  EQUALS,
  HEX_VALUE,
  IS_FIELD_VALUE,
  IS_QUOTED_TEXT,
  IS_TOKEN,
  LF,
  QUOTE,
  SEMICOLON,
  SPACE,
  TAB,
} from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import type { HttpLimits } from "./limits.ts";
import { unexpected } from "./parse_stop.ts";
import { TrailerReader } from "./trailer_reader.ts";

/** At the first digit of a size. */
const STAGE_SIZE_START = 0;
/** In a size. */
const STAGE_SIZE = 1;
/** After a size or a value, in whitespace, before the `;` of an extension. */
const STAGE_BEFORE_EXTENSION = 2;
/** After `;`, before the name. */
const STAGE_BEFORE_NAME = 3;
/** In the name of an extension. */
const STAGE_NAME = 4;
/** After the name, in whitespace. */
const STAGE_AFTER_NAME = 5;
/** After `=`, before the value. */
const STAGE_BEFORE_VALUE = 6;
/** In a value that is a token. */
const STAGE_VALUE = 7;
/** In a value that is a quoted string. */
const STAGE_QUOTED = 8;
/** After `\` in a quoted string. */
const STAGE_QUOTED_PAIR = 9;
/** Right after a quoted string. */
const STAGE_AFTER_QUOTED = 10;
/** After the CR of the line with the size. */
const STAGE_SIZE_LINE_FEED = 11;
/** In the data of a chunk. */
const STAGE_DATA = 12;
/** After the CR that ends the data. */
const STAGE_DATA_LINE_FEED = 13;
/** In the trailer section. */
const STAGE_TRAILER = 14;

const NOT_HEX = 255;
/** 2^53 - 1 has 14 digits; some servers write a fixed number of them. */
const SIZE_DIGITS_MAX = 16;

/** @internal Reads all of a chunked body but its data. */
export class ChunkReader {
  /** Data of the current chunk that is still to come. */
  dataBytes = 0;
  /** Was the last byte of the body read? */
  isComplete = false;
  /** The rule that the body breaks. */
  fault: HttpFault | null = null;
  #stage: number = STAGE_SIZE_START;
  #size = 0;
  #sizeDigits = 0;
  #extensionBytes = 0;
  readonly #extensionBytesMax: number;
  readonly #trailers: TrailerReader;

  constructor(limits: HttpLimits) {
    this.#extensionBytesMax = limits.chunkExtensionBytes;
    this.#trailers = new TrailerReader(limits);
  }

  /** Fields in the trailer section so far. */
  get trailerCount(): number {
    return this.#trailers.count;
  }

  /** A new body. */
  begin(): void {
    this.dataBytes = 0;
    this.isComplete = false;
    this.fault = null;
    this.#stage = STAGE_SIZE_START;
    this.#extensionBytes = 0;
    this.#trailers.begin();
  }

  /** So many bytes of the chunk's data were read. */
  takeData(bytes: number): void {
    this.dataBytes -= bytes;
  }

  /** Read up to the next data, the end of the body, a faulty byte, or `end`; returns that position. */
  readFraming(memory: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end && this.dataBytes === 0) {
      if (this.#stage === STAGE_TRAILER) return this.#readTrailers(memory, position, end);
      const fault = this.#readByte(memory[position] as number);
      if (fault !== null) {
        this.fault = fault;
        return position;
      }
      position++;
    }
    return position;
  }

  #readTrailers(memory: Uint8Array, start: number, end: number): number {
    const position = this.#trailers.read(memory, start, end);
    this.fault = this.#trailers.fault;
    this.isComplete = this.#trailers.isComplete;
    return position;
  }

  #readByte(byte: number): HttpFault | null {
    switch (this.#stage) {
      case STAGE_SIZE_START:
        if (HEX_VALUE[byte] === NOT_HEX) return unexpected(byte, FAULT.chunkSize);
        this.#stage = STAGE_SIZE;
        this.#size = HEX_VALUE[byte] as number;
        this.#sizeDigits = 1;
        return null;
      case STAGE_SIZE:
        return this.#readSize(byte);
      case STAGE_SIZE_LINE_FEED:
        if (byte !== LF) return FAULT.bareCarriageReturn;
        this.#stage = this.#size === 0 ? STAGE_TRAILER : STAGE_DATA;
        this.dataBytes = this.#size;
        return null;
      case STAGE_DATA:
        // All data was taken, otherwise we were not called.
        if (byte !== CR) return byte === LF ? FAULT.bareLineFeed : FAULT.chunkEnd;
        this.#stage = STAGE_DATA_LINE_FEED;
        return null;
      case STAGE_DATA_LINE_FEED:
        if (byte !== LF) return FAULT.bareCarriageReturn;
        this.#stage = STAGE_SIZE_START;
        return null;
      default:
        return this.#readExtension(byte);
    }
  }

  #readSize(byte: number): HttpFault | null {
    const digit = HEX_VALUE[byte] as number;
    if (digit === NOT_HEX) {
      if (byte !== CR) return this.#readExtension(byte);
      this.#stage = STAGE_SIZE_LINE_FEED;
      return null;
    }
    // A size is at most 2^53 - 1, so that sixteen times that is inexact, but still far above it.
    this.#size = this.#size * 16 + digit;
    if (this.#size > Number.MAX_SAFE_INTEGER || ++this.#sizeDigits > SIZE_DIGITS_MAX) return FAULT.chunkSizeOverflow;
    return null;
  }

  /** RFC 9112 section 7.1.1; with whitespace where the grammar has BWS, which recipients must accept. */
  #readExtension(byte: number): HttpFault | null {
    if (byte === CR) {
      if (!this.#mayEndLine()) return FAULT.chunkExtension;
      this.#stage = STAGE_SIZE_LINE_FEED;
      return null;
    }
    const next = this.#nextStage(byte);
    if (next < 0) return unexpected(byte, this.#stage === STAGE_SIZE ? FAULT.chunkSize : FAULT.chunkExtension);
    if (++this.#extensionBytes > this.#extensionBytesMax) return FAULT.chunkExtensionBytes;
    this.#stage = next;
    return null;
  }

  /** May a line end here? Not in whitespace: the grammar has it before something only. */
  #mayEndLine(): boolean {
    const stage = this.#stage;
    return stage === STAGE_NAME || stage === STAGE_VALUE || stage === STAGE_AFTER_QUOTED;
  }

  /** Where the byte leads within an extension, or -1. */
  #nextStage(byte: number): number {
    const isSpace = byte === SPACE || byte === TAB;
    const isToken = IS_TOKEN[byte] === 1;
    switch (this.#stage) {
      case STAGE_SIZE:
      case STAGE_AFTER_QUOTED:
      case STAGE_BEFORE_EXTENSION:
        if (byte === SEMICOLON) return STAGE_BEFORE_NAME;
        return isSpace ? STAGE_BEFORE_EXTENSION : -1;
      case STAGE_BEFORE_NAME:
        if (isToken) return STAGE_NAME;
        return isSpace ? STAGE_BEFORE_NAME : -1;
      case STAGE_NAME:
        if (isToken) return STAGE_NAME;
        return afterName(byte, isSpace);
      case STAGE_AFTER_NAME:
        return afterName(byte, isSpace);
      case STAGE_BEFORE_VALUE:
        if (byte === QUOTE) return STAGE_QUOTED;
        if (isToken) return STAGE_VALUE;
        return isSpace ? STAGE_BEFORE_VALUE : -1;
      case STAGE_VALUE:
        if (isToken) return STAGE_VALUE;
        if (byte === SEMICOLON) return STAGE_BEFORE_NAME;
        return isSpace ? STAGE_BEFORE_EXTENSION : -1;
      case STAGE_QUOTED:
        if (byte === QUOTE) return STAGE_AFTER_QUOTED;
        if (byte === BACKSLASH) return STAGE_QUOTED_PAIR;
        return IS_QUOTED_TEXT[byte] === 1 ? STAGE_QUOTED : -1;
      default:
        return IS_FIELD_VALUE[byte] === 1 ? STAGE_QUOTED : -1;
    }
  }
}

function afterName(byte: number, isSpace: boolean): number {
  if (byte === EQUALS) return STAGE_BEFORE_VALUE;
  if (byte === SEMICOLON) return STAGE_BEFORE_NAME;
  return isSpace ? STAGE_AFTER_NAME : -1;
}
