/**
 * The access log: one line for each request, gathered in memory and handed on in pieces, so that writing it never
 * keeps a worker waiting.
 *
 * @module
 */
import { type Head, valueEnd, valueStart } from "../../http/head.ts";
import { FIELD_REFERER, FIELD_USER_AGENT } from "../../http/known_fields.ts";
import type { Driver } from "../../net/driver.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { type LineFormat, PART_BYTES } from "./access_log_format.ts";
import { copy } from "./bytes.ts";

const PIECE_BYTES = 65_536;
const FLUSH_MS = 500;
const INITIAL_BYTES = 256;
/** Bytes of a request's id that are kept. */
const REQUEST_ID_BYTES_MAX = 64;

/** What is known of a request when it has ended. One for each connection, used again. */
export class LogEntry {
  /** When it began, in milliseconds since 1970 and on the driver's clock. */
  startMs = 0;
  startedMs = 0;
  /** The parts of the request's head, one after the other. */
  bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  methodBytes = 0;
  targetBytes = 0;
  refererBytes = 0;
  userAgentBytes = 0;
  minorVersion = 1;
  /** 0: none was sent. */
  status = 0;
  /** Why the proxy answered itself or cut the response short, or `-`. */
  flag = "-";
  /** The client's address, and the same as the filter has it. */
  client: Uint8Array = NOTHING;
  clientText = "";
  /** The request's id. */
  requestId: Uint8Array = NOTHING;
  requestIdBytes = 0;
  /** Which endpoint served it, or `-`. */
  upstream = "-";
  /** Bytes of the request's and of the response's body. */
  receivedBytes = 0;
  sentBytes = 0;
}

const NOTHING: Uint8Array = new Uint8Array();

/** One worker's access log. */
export class AccessLog {
  readonly #driver: Driver;
  readonly #format: LineFormat;
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly #timer: Timer;
  readonly #piece: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** A log whose lines are handed on to `write`, whole ones only. The bytes are its own then. */
  constructor(driver: Driver, format: LineFormat, write: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#driver = driver;
    this.#format = format;
    this.#write = write;
    this.#timer = new Timer(() => this.flush());
    this.#piece = new Uint8Array(PIECE_BYTES + format.maximumBytes);
  }

  /** A request begins. */
  begin(entry: LogEntry, head: Head, memory: Uint8Array, base: number): void {
    this.beginUnknown(entry);
    entry.minorVersion = head.minorVersion;
    let end = 0;
    const keep = (start: number, partEnd: number): number => {
      const length = Math.min(partEnd - start, PART_BYTES);
      if (end + length > entry.bytes.length) entry.bytes = grown(entry.bytes, end + length);
      end = copy(entry.bytes, end, memory, base + start, base + start + length);
      return length;
    };
    entry.methodBytes = keep(head.methodStart, head.methodEnd);
    entry.targetBytes = keep(head.targetStart, head.targetEnd);
    entry.refererBytes = keepField(head, FIELD_REFERER, keep);
    entry.userAgentBytes = keepField(head, FIELD_USER_AGENT, keep);
  }

  /** The request has this id, whose bytes stay as they are. */
  keepRequestId(entry: LogEntry, requestId: Uint8Array): void {
    entry.requestId = requestId;
    entry.requestIdBytes = Math.min(requestId.length, REQUEST_ID_BYTES_MAX);
  }

  /** Something that is no request begins. */
  beginUnknown(entry: LogEntry): void {
    entry.startMs = Date.now();
    entry.startedMs = this.#driver.nowMs;
    entry.methodBytes = 0;
    entry.targetBytes = 0;
    entry.refererBytes = 0;
    entry.userAgentBytes = 0;
    entry.minorVersion = 1;
    entry.status = 0;
    entry.flag = "-";
    entry.requestIdBytes = 0;
    entry.upstream = "-";
    entry.receivedBytes = 0;
    entry.sentBytes = 0;
  }

  /** It has ended. */
  end(entry: LogEntry): void {
    if (this.#length > PIECE_BYTES) this.flush();
    this.#length = this.#format.put(this.#piece, this.#length, entry, this.#driver.nowMs - entry.startedMs);
    if (!this.#timer.isStarted) this.#driver.startTimer(this.#timer, FLUSH_MS);
  }

  /** Hand on what there is. */
  flush(): void {
    this.#driver.stopTimer(this.#timer);
    if (this.#length === 0) return;
    this.#write(this.#piece.slice(0, this.#length));
    this.#length = 0;
  }
}

function keepField(head: Head, id: number, keep: (start: number, end: number) => number): number {
  const field = head.findField(id);
  if (field < 0) return 0;
  return keep(valueStart(head, 0, field), valueEnd(head, 0, field));
}

function grown(bytes: Uint8Array, length: number): Uint8Array {
  const larger = new Uint8Array(Math.max(length, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
