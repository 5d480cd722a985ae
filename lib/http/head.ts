/**
 * What the head of a message says: where its parts are, how its body is framed, and what a proxy has to know.
 *
 * @module
 */
import type { HttpFault } from "./fault.ts";
import type { HttpLimits } from "./limits.ts";

/** `/path?query` (RFC 9112 section 3.2.1) */
export const TARGET_ORIGIN = 0;
/** `http://host/path?query` (RFC 9112 section 3.2.2) */
export const TARGET_ABSOLUTE = 1;
/** `host:port`, with CONNECT only (RFC 9112 section 3.2.3) */
export const TARGET_AUTHORITY = 2;
/** `*`, with OPTIONS only (RFC 9112 section 3.2.4) */
export const TARGET_ASTERISK = 3;

/** There is no body. */
export const FRAMING_NONE = 0;
/** The body has `contentLength` bytes. */
export const FRAMING_LENGTH = 1;
/** The body is in chunks. */
export const FRAMING_CHUNKED = 2;
/** The body ends with the connection; only a response has that. */
export const FRAMING_UNTIL_CLOSE = 3;

/** @internal Where the parser is: at an empty line before a request, or at the start line. */
export const STAGE_START = 0;
/** @internal After the CR of an empty line. */
export const STAGE_EMPTY_LINE_FEED = 1;
/** @internal In a request's method. */
export const STAGE_METHOD = 2;
/** @internal In a request's target. */
export const STAGE_TARGET = 3;
/** @internal In the version, or right after it. */
export const STAGE_VERSION = 4;
/** @internal In a response's status code, or right after it. */
export const STAGE_STATUS = 5;
/** @internal In a response's reason phrase. */
export const STAGE_REASON = 6;
/** @internal After the CR of the start line. */
export const STAGE_START_LINE_FEED = 7;
/** @internal At the start of a field, or of the empty line. */
export const STAGE_FIELD_START = 8;
/** @internal In the name of a field. */
export const STAGE_FIELD_NAME = 9;
/** @internal After the colon of a field, in whitespace. */
export const STAGE_FIELD_SPACE = 10;
/** @internal In the value of a field. */
export const STAGE_FIELD_VALUE = 11;
/** @internal After the CR of a field. */
export const STAGE_FIELD_LINE_FEED = 12;
/** @internal After the CR of the empty line. */
export const STAGE_END_LINE_FEED = 13;
/** @internal The head is complete. */
export const STAGE_DONE = 14;

/** Words in `Head.fields` for each field. */
export const FIELD_WORDS = 4;

/**
 * A parsed head, made once and used for many messages. All positions are relative to the head's first byte, so
 * that they stay true when the bytes are moved. They mean something once the parser has returned the length.
 */
export class Head {
  /** What is accepted. */
  readonly limits: HttpLimits;
  /** All bytes of the head, with empty lines before and after it, once it is complete. */
  length = 0;
  /** The rule that the head breaks. */
  fault: HttpFault | null = null;

  /** Fields in the head. */
  fieldCount = 0;
  /** For each field: start and end of its name, start and end of its value without whitespace around it. */
  readonly fields: Int32Array;
  /** For each field: its `FIELD_` number. */
  readonly fieldIds: Uint8Array;
  /** For each field: 1 if it must not be forwarded. */
  readonly hopByHop: Uint8Array;

  /** 1 for `HTTP/1.1`, 0 for `HTTP/1.0`. */
  minorVersion = 0;
  /** How the body is framed: a `FRAMING_` number. */
  framing: number = FRAMING_NONE;
  /** The Content-Length, or -1; also where it does not frame a body, as in an answer to HEAD. */
  contentLength = -1;
  /** Which field is Content-Length, or -1. */
  contentLengthField = -1;
  /** Which field is Transfer-Encoding, or -1. */
  transferEncodingField = -1;
  /**
   * Does the sender keep the connection open after this message (RFC 9112 section 9.3)? For HTTP/1.0 only if it
   * says keep-alive, and never after a body that ends with the connection.
   */
  isPersistent = false;
  /** Does a Connection field have the option close? */
  hasClose = false;
  /** Does a Connection field have the option keep-alive? */
  hasKeepAlive = false;
  /** Which field is Upgrade, if a Connection field nominates it and the version is 1.1, or -1. */
  upgradeField = -1;
  /** Which field is the first Via, or -1. */
  viaField = -1;

  /** A request's method: a `METHOD_` number. */
  method = 0;
  /** Where a request's method starts: 2 after an empty line, otherwise 0. */
  methodStart = 0;
  /** Where a request's method ends. */
  methodEnd = 0;
  /** Where a request's target starts. */
  targetStart = 0;
  /** Where a request's target ends. */
  targetEnd = 0;
  /** Which form a request's target has: a `TARGET_` number. */
  targetForm: number = TARGET_ORIGIN;
  /**
   * Where path and query start, in the origin and the absolute form; otherwise `pathEnd`. The path may be
   * missing in the absolute form: then there is nothing, or the query only.
   */
  pathStart = 0;
  /** Where path and query end. */
  pathEnd = 0;
  /** Where the `?` of the query is, or -1. */
  queryStart = -1;
  /**
   * Is it known which host the request is for? The target says so in the absolute and the authority form; it
   * wins over the Host field (RFC 9112 section 3.2.2), which a proxy must replace then.
   */
  hasHost = false;
  /** Where host and port start. */
  hostStart = 0;
  /** Where host and port end. */
  hostEnd = 0;
  /** Where the host ends: at the colon before the port, or at `hostEnd`. */
  hostNameEnd = 0;
  /** Which field is Host, or -1. */
  hostField = -1;
  /** Does the client wait for 100 (Continue) before it sends the body (RFC 9110 section 10.1.1)? */
  expectsContinue = false;

  /** A response's status code. */
  status = 0;
  /** Where a response's reason phrase starts. */
  reasonStart = 0;
  /** Where a response's reason phrase ends. */
  reasonEnd = 0;

  /** @internal Is it the head of a request? */
  isRequest = false;
  /** @internal A `STAGE_` number. */
  stage: number = STAGE_START;
  /** @internal All before it is parsed. */
  position = 0;
  /** @internal Where the version starts. */
  versionStart = 0;
  /** @internal Is there a Connection field? */
  hasConnection = false;
  /** @internal Which field is the first Upgrade, or -1. */
  firstUpgradeField = -1;

  constructor(limits: HttpLimits) {
    this.limits = limits;
    this.fields = new Int32Array(FIELD_WORDS * limits.fieldCount);
    this.fieldIds = new Uint8Array(limits.fieldCount);
    this.hopByHop = new Uint8Array(limits.fieldCount);
  }

  /** Forget the message; the next one can be parsed. */
  reset(): void {
    this.length = 0;
    this.fault = null;
    this.fieldCount = 0;
    this.minorVersion = 0;
    this.framing = FRAMING_NONE;
    this.contentLength = -1;
    this.contentLengthField = -1;
    this.transferEncodingField = -1;
    this.isPersistent = false;
    this.hasClose = false;
    this.hasKeepAlive = false;
    this.upgradeField = -1;
    this.viaField = -1;
    this.method = 0;
    this.methodStart = 0;
    this.methodEnd = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.targetForm = TARGET_ORIGIN;
    this.pathStart = 0;
    this.pathEnd = 0;
    this.queryStart = -1;
    this.hasHost = false;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.hostNameEnd = 0;
    this.hostField = -1;
    this.expectsContinue = false;
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.isRequest = false;
    this.stage = STAGE_START;
    this.position = 0;
    this.versionStart = 0;
    this.hasConnection = false;
    this.firstUpgradeField = -1;
  }

  /** Which field is the first one from `from` on with that `FIELD_` number, or -1. */
  findField(id: number, from = 0): number {
    for (let field = from; field < this.fieldCount; field++) if (this.fieldIds[field] === id) return field;
    return -1;
  }
}

/** Where the value of a field starts in the memory in which the head is at `base`, without whitespace around it. */
export function valueStart(head: Head, base: number, field: number): number {
  return base + (head.fields[field * FIELD_WORDS + 2] as number);
}

/** Where the value of a field ends. */
export function valueEnd(head: Head, base: number, field: number): number {
  return base + (head.fields[field * FIELD_WORDS + 3] as number);
}
