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
 * connection's own functions, and none comes after `onClose`, of which every connection gets exactly one.
 *
 * What a handler throws is reported by the driver, and the connection is reset. A lease that it was given
 * stays its own.
 */
export interface ConnectionHandler {
  /** The connection that was asked for is there. Accepted connections are there from the start. */
  onConnect(connection: Connection): void;
  /** Bytes arrived. The lease is the handler's now: to pass on or to release. */
  onData(connection: Connection, lease: Lease): void;
  /**
   * The peer will send no more (FIN). What we send still reaches it, until `shutdownWrite` or `close`: the
   * connection does not end by itself before that.
   */
  onEnd(connection: Connection): void;
  /**
   * After `write` returned false: no more than the low watermark is queued. Not after `shutdownWrite`, as
   * nothing can be written then.
   */
  onDrain(connection: Connection): void;
  /**
   * The connection is gone, and its resources are or will be free. `errno` is 0 after an orderly end: both
   * directions have ended, or `close` or `reset` was called here. Otherwise it is what went wrong, as a
   * positive number: `ECONNRESET` or `EPIPE` when the peer has reset it, `ETIMEDOUT` when `close` could not send
   * what was queued in time, ...; bytes that arrived and were not delivered, as reading was paused, are dropped then.
   */
  onClose(connection: Connection, errno: number): void;
  /**
   * The peer closed its side while reading is paused; bytes that it sent before may still be unread, and
   * `onEnd` follows once they were read. At most once. It is not noticed while bytes wait in the kernels that
   * FIN can't overtake.
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
  /** The address of this side; `null` from `onClose` on, and for a unix socket without a name. */
  localAddress(): SocketAddress | null;
  /**
   * The address of the other side; `null` from `onClose` on, before `onConnect`, and for a unix socket
   * without a name.
   */
  remoteAddress(): SocketAddress | null;
  /**
   * Send the bytes of a lease, which is the connection's now. All bytes are accepted; false says that
   * more than the high watermark is queued and that the caller should wait for `onDrain`. Bytes written
   * before `onConnect` are sent after it. Bytes written after `shutdownWrite`, `close` or `reset` are dropped, and
   * the result is false.
   */
  write(lease: Lease): boolean;
  /** Send a copy of bytes. */
  writeBytes(bytes: Uint8Array): boolean;
  /**
   * Send small pieces at once (TCP_NODELAY, as all connections do at first) or let the kernel collect them. Without
   * effect on unix sockets.
   */
  setNoDelay(isOn: boolean): void;
  /**
   * Let the kernel ask a silent peer after `idleMs` whether it is still there (SO_KEEPALIVE), rounded up to seconds;
   * 0: never, as at first. Without effect on unix sockets.
   */
  setKeepAlive(idleMs: number): void;
  /** Send FIN after what is queued; receiving goes on. Once both directions have ended, `onClose` follows. */
  shutdownWrite(): void;
  /**
   * Deliver no more data and no end until `resumeReading`. The peer is held back by its own kernel. Its
   * close and its reset are noticed all the same.
   */
  pauseReading(): void;
  /** Deliver data again. */
  resumeReading(): void;
  /**
   * Close: no more events but `onClose`, which comes after what is queued was sent or the write timeout is
   * over. A connection that is not there yet is given up at once. A peer that still sends gets a reset, as
   * nobody reads it; to be polite to it, call `shutdownWrite` and wait for `onEnd`.
   */
  close(): void;
  /**
   * Close at once, also during `close`: drop what is queued, and let the peer see a reset (on a unix
   * socket, an end).
   */
  reset(): void;
}

/** Receives what happens at a listener. */
export interface ListenerHandler {
  /** A connection was accepted; its handler for all that follows is returned. If it throws, the connection is reset. */
  onAccept(connection: Connection): ConnectionHandler;
  /** Accepting failed for now (such as EMFILE); it goes on by itself after a while. */
  onAcceptError?(listener: Listener, errno: number): void;
}

/** Accepts connections. */
export interface Listener {
  /** Where it listens, with the port that the kernel chose if 0 was asked for. */
  readonly address: SocketAddress;
  /**
   * Accept no connections for now. They wait in the kernel's backlog; one whose accept is under way may
   * still arrive.
   */
  pause(): void;
  /** Accept again. */
  resume(): void;
  /**
   * Accept one connection after the other, so that a pause from within `onAccept` lets no more arrive; or, which
   * costs less, as many at a time as there are. Drivers that can't choose ignore it.
   */
  acceptSingly(isSingly: boolean): void;
  /**
   * Stop accepting for good. Resolves when no accept is under way any more; until then connections may
   * still arrive. Those that were accepted go on.
   */
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
