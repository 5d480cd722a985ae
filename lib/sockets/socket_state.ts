/**
 * What is behind a {@linkcode Socket}: the connection's handler, what was received and not read yet, and who waits.
 *
 * It does not refer to the socket unless somebody waits for it, so that one that was forgotten can be collected.
 *
 * @module
 */
import type { RingwayError } from "../../ffi/errors.ts";
import type { Connection, ConnectionHandler } from "../net/connection.ts";
import type { Driver } from "../net/driver.ts";
import { SocketError } from "../net/errors.ts";
import { type Lease, takeBytes } from "../ring/lease.ts";
import { Timer } from "../ring/timer_wheel.ts";
import { SocketUseError } from "./errors.ts";

/** Received and not read: above the first reading pauses, at the second it goes on. */
const READ_HIGH_BYTES = 262_144;
const READ_LOW_BYTES = 65_536;
/** As much of a large write is copied at a time. */
const WRITE_PIECE_BYTES = 65_536;
/** As much of it into one of the driver's own buffers, from which it is sent without another copy. */
const BUFFER_BYTES = 16_384;

/** Somebody who waits for a promise. */
interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: Promise<void> = Promise.resolve();

/** One connection. */
export class SocketState implements ConnectionHandler {
  readonly driver: Driver;
  /** Set by whoever made the connection, before its first event. */
  connection!: Connection;
  /** Keeps the socket from being collected while somebody waits for it. */
  holder: object | null = null;
  /** Resolves after an orderly end, rejects with what went wrong. */
  readonly closed: Promise<void>;
  isOver = false;
  /** Was `close` or `reset` called here? */
  isGivenUp = false;
  isWriteEnded = false;
  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #isReadEnded = false;
  #reader: Waiter<Uint8Array | null> | null = null;
  #drain: Waiter<void> | null = null;
  #drained: Promise<void> = DONE;
  /** The last of the writes that have to wait for those before them. */
  #writes: Promise<void> | null = null;
  #errno = 0;
  #settleClosed!: Waiter<void>;
  #onConnected: ((error: SocketError | null) => void) | null;

  /** @internal `onConnected` is told once whether the connection came about. */
  constructor(driver: Driver, onConnected: ((error: SocketError | null) => void) | null) {
    this.driver = driver;
    this.#onConnected = onConnected;
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = { resolve, reject };
    });
    // Nobody has to look at it.
    this.closed.catch(() => {});
    driver.userCode.begin();
  }

  onConnect(): void {
    this.#onConnected?.(null);
    this.#onConnected = null;
  }

  onData(_connection: Connection, lease: Lease): void {
    const bytes = takeBytes(lease);
    const reader = this.#reader;
    if (reader !== null) {
      this.#endReading();
      reader.resolve(bytes);
      return;
    }
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes > READ_HIGH_BYTES) this.connection.pauseReading();
  }

  onEnd(): void {
    this.#isReadEnded = true;
    const reader = this.#reader;
    if (reader === null) return;
    this.#endReading();
    reader.resolve(null);
  }

  onDrain(): void {
    const drain = this.#drain;
    this.#drain = null;
    this.#letGo();
    drain?.resolve();
  }

  onClose(_connection: Connection, errno: number): void {
    this.isOver = true;
    this.#errno = errno;
    this.driver.userCode.end();
    this.#onConnected?.(this.error("connect to"));
    this.#onConnected = null;
    const reader = this.#reader;
    const drain = this.#drain;
    this.#drain = null;
    this.#endReading();
    if (errno === 0) this.#settleClosed.resolve();
    else this.#settleClosed.reject(this.error("use"));
    if (reader !== null) this.#settleRead(reader);
    drain?.reject(this.#writeError());
  }

  /** The next bytes, `null` at their end. */
  read(holder: object): Promise<Uint8Array | null> {
    if (this.#reader !== null) return Promise.reject(busy());
    const bytes = this.#received.shift();
    if (bytes !== undefined) {
      this.#receivedBytes -= bytes.length;
      if (this.connection.isReadingPaused && this.#receivedBytes <= READ_LOW_BYTES) this.connection.resumeReading();
      return Promise.resolve(bytes);
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#isReadEnded || this.isOver || this.isGivenUp) {
        this.#settleRead(reader);
        return;
      }
      this.#reader = reader;
      this.holder = holder;
    });
  }

  #endReading(): void {
    this.#reader = null;
    this.#letGo();
  }

  /** Nobody waits for the socket any more? Then it may be collected, and is closed if it was forgotten. */
  #letGo(): void {
    if (this.#reader === null && this.#drain === null && this.#writes === null) this.holder = null;
  }

  #settleRead(reader: Waiter<Uint8Array | null>): void {
    if (this.#isReadEnded) reader.resolve(null);
    else if (this.#errno !== 0) reader.reject(this.error("read from"));
    else reader.reject(closed("read"));
  }

  /** Write after all that was written before; settled when the connection has taken it. */
  write(bytes: Uint8Array, holder: object): Promise<void> {
    const isShort = bytes.length <= WRITE_PIECE_BYTES;
    if (!this.#canWrite) return Promise.reject(this.#writeError());
    if (this.#writes === null && this.#drain === null && isShort) {
      if (this.#send(bytes)) return DONE;
      return this.#canWrite ? this.#untilDrained(holder) : Promise.reject(this.#writeError());
    }
    const earlier = this.#writes ?? this.#drained;
    return this.#inOrder(holder, earlier, () => this.#writePieces(bytes));
  }

  /** Send FIN after all that was written before. */
  end(holder: object): Promise<void> {
    const earlier = this.#writes ?? (this.#drain === null ? null : this.#drained);
    if (earlier !== null) return this.#inOrder(holder, earlier, () => this.#end());
    return this.#end();
  }

  #end(): Promise<void> {
    if (this.isGivenUp) return Promise.reject(closed("end"));
    if (this.isOver && this.#errno !== 0) return Promise.reject(this.error("end"));
    this.isWriteEnded = true;
    this.connection.shutdownWrite();
    return DONE;
  }

  #inOrder(holder: object, earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    const done = earlier.then(work, (error: unknown) => Promise.reject(error));
    this.#writes = done;
    this.holder = holder;
    const clear = () => {
      if (this.#writes !== done) return;
      this.#writes = null;
      this.#letGo();
    };
    done.then(clear, clear);
    return done;
  }

  async #writePieces(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length || at === 0; at += WRITE_PIECE_BYTES) {
      if (!this.#isWritable) throw this.#writeError();
      const piece = bytes.subarray(at, at + WRITE_PIECE_BYTES);
      if (this.#send(piece)) continue;
      if (!this.#isWritable) throw this.#writeError();
      await this.#untilDrained(null);
    }
  }

  #untilDrained(holder: object | null): Promise<void> {
    if (holder !== null) this.holder = holder;
    this.#drained = new Promise((resolve, reject) => {
      this.#drain = { resolve, reject };
    });
    return this.#drained;
  }

  /** Give copies to the connection. False: it has as much as it takes for now. */
  #send(bytes: Uint8Array): boolean {
    const { length } = bytes;
    let hasRoom = true;
    for (let at = 0; at < length; at += BUFFER_BYTES) {
      const count = Math.min(length - at, BUFFER_BYTES);
      const lease = this.driver.allocate(count);
      lease.memory.set(count === length ? bytes : bytes.subarray(at, at + count), lease.offset);
      lease.length = count;
      hasRoom = this.connection.write(lease);
    }
    return hasRoom;
  }

  /** May a new write begin? One that began before `close` goes on. */
  get #canWrite(): boolean {
    return this.#isWritable && !this.isGivenUp;
  }

  get #isWritable(): boolean {
    return !this.isOver && !this.isWriteEnded && !this.connection.isClosed;
  }

  #writeError(): RingwayError {
    if (this.isGivenUp) return closed("write");
    if (this.isWriteEnded) {
      return new SocketUseError(
        "ERR_SOCKET_ENDED",
        "write",
        "Cannot write: the socket's writing side was ended before",
      );
    }
    return this.#errno === 0 ? closed("write") : this.error("write to");
  }

  /** Give it up: nobody will read what arrives. */
  giveUp(isReset: boolean): void {
    if (this.isGivenUp) {
      if (isReset) this.connection.reset();
      return;
    }
    this.isGivenUp = true;
    this.#received = [];
    this.#receivedBytes = 0;
    const reader = this.#reader;
    this.#endReading();
    if (reader !== null) this.#settleRead(reader);
    if (isReset) {
      this.connection.reset();
      return;
    }
    if (this.#writes === null) {
      this.connection.close();
      return;
    }
    // What was written before is still to go out, but not forever.
    const { writeTimeoutMs } = this.driver.connectionOptions;
    const timer = new Timer(() => this.connection.reset());
    if (writeTimeoutMs > 0) this.driver.startTimer(timer, writeTimeoutMs);
    const close = () => {
      this.driver.stopTimer(timer);
      this.connection.close();
    };
    this.#writes.then(close, close);
  }

  /** What the connection ended with. */
  error(operation: string): SocketError {
    return new SocketError(this.#errno, operation, "the peer", "upstream");
  }
}

function busy(): SocketUseError {
  const message = "Cannot read: another read of this socket is waiting; a socket has one reader at a time";
  return new SocketUseError("ERR_SOCKET_BUSY", "read", message);
}

function closed(operation: string): SocketUseError {
  return new SocketUseError("ERR_SOCKET_CLOSED", operation, `Cannot ${operation}: the socket is closed`);
}
