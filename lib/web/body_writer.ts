/**
 * Sends a message: its head, and its body from a stream.
 *
 * ```text
 *  stream ──> known whole at once ─────────────────────> head with a length and body in one write
 *         └─> not yet: head, then each piece as it comes, no more than the connection takes
 * ```
 *
 * @module
 */
import type { Connection } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { CHUNK_END, chunkHead, LAST_CHUNK } from "../proxy/http/chunks.ts";

/** The bytes of the body are sent as they are. */
export const SEND_PLAIN = 0;
/** They are sent in chunks (RFC 9112 section 7.1). */
export const SEND_CHUNKED = 1;
/** The head is all that is sent. */
export const SEND_NOTHING = 2;

/** Who sends a message. */
export interface BodyWriterOwner {
  readonly driver: Driver;
  /** Where to. */
  readonly target: Connection;
  /**
   * The head, which is sent now, and sets the writer's `framing` and `promisedBytes`. `bodyBytes`: how long the body
   * is, if all of it is there, or -1. `null`: nothing is to be sent any more.
   */
  headFor(bodyBytes: number): Uint8Array | null;
  /** The connection does not take more for now: `resume` has to be called when it does. */
  onFull(): void;
  /** All was given to the connection. */
  onBodySent(): void;
  /** The body can't be had, or is not as long as promised. */
  onBodyFailed(error: unknown): void;
}

/** As much is given to the connection at a time: what fits into one of the driver's own buffers. */
const PIECE_BYTES = 16_384;
/**
 * So many rounds of microtasks a stream has to give all of its bytes, and its end. One that was made of a text or bytes
 * needs a few, one of a blob or a form up to a dozen; it is then sent with its length.
 */
const PATIENCE_ROUNDS = 16;
/** Of more than this the length is not waited for. */
const EARLY_BYTES = 4 * 2 ** 20;
const NOTHING: Uint8Array = new Uint8Array(0);
const encoder = new TextEncoder();

/** See the module. Used for one message. */
export class BodyWriter {
  /** A `SEND_` number. */
  framing: number = SEND_PLAIN;
  /** What the head says about the body's length, or -1. */
  promisedBytes = -1;
  readonly #owner: BodyWriterOwner;
  #reader: ReadableStreamDefaultReader<unknown> | null = null;
  #isReading = false;
  /** Has the stream given all? */
  #isLast = false;
  #isHeadSent = false;
  #isFull = false;
  #isOver = false;
  #rounds = PATIENCE_ROUNDS;
  #sentBytes = 0;
  /** What comes before the piece that is being sent, and how much of it was. */
  #prefix: Uint8Array = NOTHING;
  #prefixAt = 0;
  #piece: Uint8Array = NOTHING;
  #pieceAt = 0;
  #suffix: Uint8Array = NOTHING;
  /** What the stream has given behind that piece; only before the head is sent may that be more than one. */
  #next: Uint8Array[] = [];
  #nextBytes = 0;

  constructor(owner: BodyWriterOwner) {
    this.#owner = owner;
  }

  /** Is the stream what is waited for? */
  get isWaitingForStream(): boolean {
    return this.#isReading && !this.#isFull;
  }

  /** Does the connection have to take more? */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Has anything been sent? */
  get isHeadSent(): boolean {
    return this.#isHeadSent;
  }

  /** Send a body that is there. */
  sendBytes(body: Uint8Array): void {
    this.#isLast = true;
    if (this.#sendHead(body.length, body)) this.#advance();
  }

  /** Send a body that comes from a stream. Throws if somebody else reads it. */
  sendStream(stream: ReadableStream<unknown>): void {
    this.#reader = stream.getReader();
    this.#owner.driver.userCode.begin();
    this.#read();
    queueMicrotask(this.#onRound);
  }

  readonly #onRound = (): void => {
    if (this.#isOver || this.#isHeadSent) return;
    if (--this.#rounds > 0) {
      queueMicrotask(this.#onRound);
      return;
    }
    this.#sendUnknown();
  };

  /** Send the head of a body whose length is not known, and what there is of it. */
  #sendUnknown(): void {
    if (this.#sendHead(-1, this.#next.shift() ?? NOTHING)) this.#advance();
  }

  #read(): void {
    this.#isReading = true;
    this.#reader?.read().then(this.#onRead, this.#onError);
  }

  readonly #onRead = ({ done, value }: ReadableStreamReadResult<unknown>): void => {
    this.#isReading = false;
    if (this.#isOver) return;
    if (done) {
      this.#onStreamEnd();
      return;
    }
    const bytes = toBytes(value);
    if (bytes === null) {
      this.#fail(new TypeError(`A body consists of Uint8Array, and not of ${describe(value)}`));
      return;
    }
    if (bytes.length === 0) {
      this.#read();
      return;
    }
    this.#next.push(bytes);
    if (this.#isHeadSent) {
      this.#advance();
      return;
    }
    this.#nextBytes += bytes.length;
    // Perhaps this was all.
    if (this.#nextBytes <= EARLY_BYTES) this.#read();
    else this.#sendUnknown();
  };

  readonly #onError = (error: unknown): void => {
    this.#isReading = false;
    this.#fail(error);
  };

  #onStreamEnd(): void {
    this.#isLast = true;
    if (!this.#isHeadSent) {
      if (!this.#sendHead(this.#nextBytes, this.#next.shift() ?? NOTHING)) return;
    }
    this.#advance();
  }

  /** Begin to send, with the first piece of the body. False: there is nothing to do any more. */
  #sendHead(bodyBytes: number, first: Uint8Array): boolean {
    const head = this.#owner.headFor(bodyBytes);
    if (head === null) {
      this.abandon(undefined);
      return false;
    }
    // Its memory is used for the next head, and this much is copied at once.
    const own = head.length > PIECE_BYTES / 2 ? head.slice() : head;
    if (this.framing === SEND_NOTHING) {
      this.#prefix = own;
      this.#next = [];
      this.#isLast = true;
    } else {
      if (!this.#load(first)) return false;
      this.#prefix = this.#prefix === NOTHING ? own : join(own, this.#prefix);
    }
    this.#isHeadSent = true;
    return true;
  }

  /** Take a piece as the next one to send. False: it is more than was promised. */
  #load(bytes: Uint8Array): boolean {
    this.#sentBytes += bytes.length;
    if (this.promisedBytes >= 0 && this.#sentBytes > this.promisedBytes) {
      this.#fail(new RangeError(`The body is longer than its Content-Length, ${this.promisedBytes} bytes`));
      return false;
    }
    const isChunk = this.framing === SEND_CHUNKED && bytes.length > 0;
    this.#prefix = isChunk ? chunkHead(bytes.length) : NOTHING;
    this.#prefixAt = 0;
    this.#piece = bytes;
    this.#pieceAt = 0;
    this.#suffix = isChunk ? CHUNK_END : NOTHING;
    return true;
  }

  /** The connection takes more. */
  resume(): void {
    if (!this.#isFull || this.#isOver) return;
    this.#isFull = false;
    this.#advance();
  }

  /** Send what there is, and ask the stream for more. */
  #advance(): void {
    while (!this.#isOver && !this.#isFull) {
      if (this.#hasUnsent) {
        this.#writeOnce();
      } else if (this.#next.length > 0) {
        if (!this.#load(this.#next.shift() as Uint8Array)) return;
      } else if (this.#isLast) {
        this.#finish();
        return;
      } else {
        if (!this.#isReading) this.#read();
        return;
      }
    }
  }

  get #hasUnsent(): boolean {
    return this.#prefixAt < this.#prefix.length || this.#pieceAt < this.#piece.length || this.#suffix.length > 0;
  }

  /** Copy as much as fits into one write. */
  #writeOnce(): void {
    const { driver, target } = this.#owner;
    const prefixBytes = this.#prefix.length - this.#prefixAt;
    const pieceBytes = this.#piece.length - this.#pieceAt;
    const lease = driver.allocate(Math.min(prefixBytes + pieceBytes + this.#suffix.length, PIECE_BYTES));
    const { memory } = lease;
    const start = lease.offset;
    const end = start + lease.length;
    let at = start;
    if (prefixBytes > 0) {
      const count = Math.min(prefixBytes, end - at);
      memory.set(this.#prefix.subarray(this.#prefixAt, this.#prefixAt + count), at);
      this.#prefixAt += count;
      at += count;
    }
    if (pieceBytes > 0 && at < end) {
      const count = Math.min(pieceBytes, end - at);
      const isWhole = count === this.#piece.length;
      memory.set(isWhole ? this.#piece : this.#piece.subarray(this.#pieceAt, this.#pieceAt + count), at);
      this.#pieceAt += count;
      at += count;
    }
    if (this.#pieceAt === this.#piece.length && this.#prefixAt === this.#prefix.length) {
      const suffix = this.#suffix;
      if (end - at >= suffix.length) {
        memory.set(suffix, at);
        at += suffix.length;
        this.#suffix = NOTHING;
        // They may be large, and nobody needs them any more.
        this.#piece = NOTHING;
        this.#pieceAt = 0;
      }
    }
    lease.length = at - start;
    if (target.write(lease)) return;
    // What is left to be done needs no room.
    if (this.#isLast && this.#next.length === 0 && !this.#hasUnsent) return;
    this.#isFull = true;
    this.#owner.onFull();
  }

  #finish(): void {
    const { target, driver } = this.#owner;
    const isShort = this.framing !== SEND_NOTHING && this.#sentBytes < this.promisedBytes;
    if (isShort) {
      this.#fail(
        new RangeError(`The body has ${this.#sentBytes} of the ${this.promisedBytes} bytes of its Content-Length`),
      );
      return;
    }
    if (this.framing === SEND_CHUNKED) {
      const lease = driver.allocate(LAST_CHUNK.length);
      lease.memory.set(LAST_CHUNK, lease.offset);
      lease.length = LAST_CHUNK.length;
      target.write(lease);
    }
    this.#end();
    if (this.framing === SEND_NOTHING) this.#cancel(undefined);
    this.#owner.onBodySent();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#cancel(error);
    this.#owner.onBodyFailed(error);
  }

  /** Send no more, and tell the stream why nobody wants it. */
  abandon(reason: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#cancel(reason);
  }

  #end(): void {
    this.#isOver = true;
    this.#piece = NOTHING;
    this.#next = [];
    if (this.#reader !== null) this.#owner.driver.userCode.end();
  }

  #cancel(reason: unknown): void {
    this.#reader?.cancel(reason).catch(ignore);
  }
}

/** What a stream throws that nobody wants is of no interest. */
export function ignore(): void {}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** What streams of bodies consist of in one runtime or another. */
function toBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return encoder.encode(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return null;
}

function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return value.constructor?.name ?? "object";
}
