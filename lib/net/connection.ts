/**
 * What all drivers' connections and listeners have in common: the interface that everything above
 * `lib/net` is written against.
 *
 * @module
 */
import type { Lease } from "../ring/lease.ts";
import type { SocketAddress } from "./address.ts";

/**
 * Receives the events of a connection. They come from the loop, never from within a call of the
 * connection's own functions, and none comes after `onClose`.
 */
export interface ConnectionHandler {
  /** The connection that was asked for is there. Accepted connections are there from the start. */
  onConnect(connection: Connection): void;
  /** Bytes arrived. The lease is the handler's now: to pass on or to release. */
  onData(connection: Connection, lease: Lease): void;
  /** The peer will send no more (FIN). What we send still reaches it. */
  onEnd(connection: Connection): void;
  /** After `write` returned false: there is room again. */
  onDrain(connection: Connection): void;
  /**
   * The connection is gone, and its resources are or will be free. `errno` is 0 after an orderly end, otherwise
   * what went wrong, as a positive number (`ECONNRESET`, `ETIMEDOUT`, ...).
   */
  onClose(connection: Connection, errno: number): void;
  /**
   * The peer closed its side while reading is paused; bytes that it sent before may still be unread,
   * and `onEnd` follows once they were read.
   */
  onRemoteClose?(connection: Connection): void;
}

/** A stream connection, on any driver. */
export interface Connection {
  /** Who receives its events. May be changed at any time. */
  handler: ConnectionHandler;
  /** Bytes that were written and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** Bytes received in all. */
  readonly bytesRead: number;
  /** Bytes taken by the kernel in all. */
  readonly bytesWritten: number;
  /** Is reading paused? */
  readonly isReadingPaused: boolean;
  /** Has `onClose` been called, or will it be without anything else before it? */
  readonly isClosed: boolean;
  /** The address of this side; `null` once it is closed. */
  localAddress(): SocketAddress | null;
  /** The address of the other side; `null` once it is closed. */
  remoteAddress(): SocketAddress | null;
  /**
   * Send the bytes of a lease, which is the connection's now. All bytes are accepted; false says that
   * more than the high watermark is queued and that the caller should wait for `onDrain`. Bytes
   * written after `shutdownWrite`, `close` or `reset` are dropped.
   */
  write(lease: Lease): boolean;
  /** Send a copy of bytes. */
  writeBytes(bytes: Uint8Array): boolean;
  /** Send FIN after what is queued; receiving goes on. */
  shutdownWrite(): void;
  /** Deliver no more data until `resumeReading`. The peer is held back by its own kernel. */
  pauseReading(): void;
  /** Deliver data again. */
  resumeReading(): void;
  /**
   * Close: no more events but `onClose`, which comes after what is queued was sent or the write
   * timeout is over.
   */
  close(): void;
  /** Close at once, drop what is queued, and let the peer see a reset. */
  reset(): void;
}

/** Receives what happens at a listener. */
export interface ListenerHandler {
  /** A connection was accepted; its handler for all that follows is returned. */
  onAccept(connection: Connection): ConnectionHandler;
  /** Accepting failed for now (such as EMFILE); it goes on by itself after a while. */
  onAcceptError?(listener: Listener, errno: number): void;
}

/** Accepts connections. */
export interface Listener {
  /** Where it listens, with the port that the kernel chose if 0 was asked for. */
  readonly address: SocketAddress;
  /** Accept no connections for now. They wait in the kernel's backlog. */
  pause(): void;
  /** Accept again. */
  resume(): void;
  /** Stop accepting for good. Resolves when no accept is under way any more. */
  close(): Promise<void>;
}

/** Limits and times of connections. */
export interface ConnectionOptions {
  /** `write` returns false above it. */
  readonly writeHighWatermarkBytes: number;
  /** `onDrain` is called at or below it. */
  readonly writeLowWatermarkBytes: number;
  /** How long `close` waits for queued bytes to be sent; 0: without limit. */
  readonly writeTimeoutMs: number;
}
