/**
 * A connection on `node:net`. Its state is here; what happens to it is in `receive.ts`, `send.ts` and
 * `end.ts`, one file per concern, as in the io_uring driver.
 *
 * @module
 */
import type { Socket } from "node:net";
import { type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { Timer } from "../../ring/timer_wheel.ts";
import { ipAddress, type SocketAddress } from "../address.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import type { DefaultDriver } from "./driver.ts";
import { beginClose, beginReset, onSocketClose, onSocketError, reportIfOver } from "./end.ts";
import { deliverHeld, onData, onEnd, pause } from "./receive.ts";
import { flush, onConnected, onFinish, onWritten, shutdown, write } from "./send.ts";

/** See {@linkcode Connection}. */
export class DefaultConnection implements Connection {
  handler: ConnectionHandler;
  /** @internal */
  readonly driver: DefaultDriver;
  /** @internal */
  readonly socket: Socket;
  /** @internal Written and not yet taken by the kernel. */
  readonly sending: LeaseQueue = new LeaseQueue();
  /** @internal The first of them that was not given to the runtime yet. */
  unsent: Lease | null = null;
  /** @internal Received while reading was paused. */
  readonly held: LeaseQueue = new LeaseQueue();
  bytesRead = 0;
  bytesWritten = 0;
  isReadingPaused = false;
  /** @internal */
  isConnected: boolean;
  /** @internal So much is held that the socket was paused too. */
  isStalled = false;
  /** @internal FIN was received, and `onEnd` follows the held bytes. */
  isEndHeld = false;
  /** @internal `onEnd` was called. */
  isReadEnded = false;
  /** @internal The peer's close was noticed while reading was paused. */
  isRemoteCloseNoticed = false;
  /** @internal `shutdownWrite` was called. */
  isShutdownAsked = false;
  /** @internal The runtime was told to send FIN. */
  isShutdownBegun = false;
  /** @internal FIN was sent. */
  isWriteEnded = false;
  /** @internal More than the high watermark was queued, and `onDrain` is owed. */
  isAboveWatermark = false;
  /** @internal No more events but `onClose`. */
  isClosing = false;
  /** @internal Closing waits until what is queued was sent. */
  isDraining = false;
  /** @internal Bytes were received that nobody will read. */
  isUnread = false;
  /** @internal The peer is to see a reset. */
  isResetting = false;
  /** @internal The runtime has let go of the socket. */
  isSocketClosed = false;
  /** @internal `onClose` was called. */
  isOver = false;
  /** @internal In the list of connections to service in the next turn of the loop. */
  isDirty = false;
  /** @internal The error to close with, 0 for an orderly end. */
  errno = 0;
  /** @internal For the write timeout. Made when first needed. */
  writeTimer: Timer | null = null;
  /** @internal For looking for a reset that no event tells of. Made when first needed. */
  resetTimer: Timer | null = null;
  /** @internal One function for all writes, as they complete in their order. */
  readonly onWritten: (error?: Error | null) => void;
  /** @internal */
  readonly isUnix: boolean;
  /** What was connected to or listened on: of unix sockets, `node:net` tells no names. */
  readonly #name: SocketAddress;
  readonly #isAccepted: boolean;

  /** @internal `name` is the address that was connected to or listened on. */
  constructor(
    driver: DefaultDriver,
    handler: ConnectionHandler,
    socket: Socket,
    name: SocketAddress,
    isAccepted: boolean,
  ) {
    this.driver = driver;
    this.handler = handler;
    this.socket = socket;
    this.isConnected = isAccepted;
    this.#isAccepted = isAccepted;
    this.#name = name;
    this.isUnix = name.family === "unix";
    this.onWritten = this.#guard((error: Error | null | undefined) => onWritten(this, error ?? null));
    socket.on(
      "connect",
      this.#guard(() => onConnected(this)),
    );
    socket.on(
      "data",
      this.#guard((bytes: Uint8Array) => onData(this, bytes)),
    );
    socket.on(
      "end",
      this.#guard(() => onEnd(this)),
    );
    socket.on(
      "finish",
      this.#guard(() => onFinish(this)),
    );
    socket.on(
      "error",
      this.#guard((error: Error) => onSocketError(this, error)),
    );
    socket.on(
      "close",
      this.#guard(() => onSocketClose(this)),
    );
  }

  /** A function for an event, out of which no error of a handler comes. */
  #guard<T>(onEvent: (value: T) => void): (value: T) => void {
    return (value) => {
      try {
        onEvent(value);
      } catch (error) {
        this.driver.onHandlerError(error, this);
      }
    };
  }

  get queuedBytes(): number {
    return this.sending.bytes;
  }

  get isClosed(): boolean {
    return this.isClosing;
  }

  localAddress(): SocketAddress | null {
    if (this.isOver) return null;
    if (this.isUnix) return this.#isAccepted ? this.#name : null;
    return addressOf(this.socket.localAddress, this.socket.localPort);
  }

  remoteAddress(): SocketAddress | null {
    if (this.isOver || !this.isConnected) return null;
    if (this.isUnix) return this.#isAccepted ? null : this.#name;
    return addressOf(this.socket.remoteAddress, this.socket.remotePort);
  }

  write(lease: Lease): boolean {
    return write(this, lease);
  }

  writeBytes(bytes: Uint8Array): boolean {
    return write(this, leaseBytes(bytes.slice()));
  }

  setNoDelay(isOn: boolean): void {
    if (!this.isUnix && !this.isOver) this.socket.setNoDelay(isOn);
  }

  setKeepAlive(idleMs: number): void {
    if (!this.isUnix && !this.isOver) this.socket.setKeepAlive(idleMs > 0, idleMs);
  }

  shutdownWrite(): void {
    shutdown(this);
  }

  pauseReading(): void {
    pause(this);
  }

  resumeReading(): void {
    if (!this.isReadingPaused) return;
    this.isReadingPaused = false;
    this.driver.serviceLater(this);
  }

  close(): void {
    beginClose(this);
  }

  reset(): void {
    beginReset(this);
  }

  /** @internal In a turn of the loop of its own: what was asked for by calls. */
  service(): void {
    deliverHeld(this);
    flush(this);
    reportIfOver(this);
  }
}

function addressOf(host: string | undefined, port: number | undefined): SocketAddress | null {
  return host === undefined || port === undefined ? null : ipAddress(host, port);
}
