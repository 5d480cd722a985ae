/**
 * A connection whose bytes move by io_uring. Its state is here; what happens to it is in `receive.ts`,
 * `send.ts`, `stalled.ts` and `end.ts`, one file per concern.
 *
 * ```text
 *                connect ok / accept
 *  connecting ------------------------> open --- FIN received ---> read ended ---.
 *      |                                 |                                       |
 *      |                                 |--- shutdownWrite() ---> write ended --+--> both: closing
 *      | error, cancel                   |                                       |
 *      |                                 |--- close(): pending writes drain -----+
 *      |                                 |--- reset(), error: dropped -----------+
 *      v                                 v                                       v
 *    closing: cancels what the kernel holds; once it holds nothing: descriptor closed, slot free
 * ```
 *
 * The object outlives its handle: its slot and descriptor are used again only after every operation
 * that the kernel holds has completed.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import { detachLease, type Lease, LeaseQueue, leaseBytes } from "../../ring/lease.ts";
import type { Timer } from "../../ring/timer_wheel.ts";
import { decodeAddress, type SocketAddress } from "../address.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import type { UringDriver } from "./driver.ts";
import { beginClose, beginReset, endIfPossible, shutdownIfDrained } from "./end.ts";
import { deliverHeld, onPolled, onReceived, settle } from "./receive.ts";
import { issueSend, onConnected, onSent } from "./send.ts";
import { onWritable } from "./stalled.ts";
import {
  ABOVE_WATERMARK,
  CLOSED,
  CLOSING,
  DIRTY,
  PATIENT,
  READING_PAUSED,
  RELEASED,
  RESETTING,
  SHUTDOWN_ASKED,
} from "./state.ts";

/** See {@linkcode Connection}. The fields that every event needs come first, to share cache lines. */
export class UringConnection implements Connection {
  /** @internal Bits of the state. */
  state: number;
  /** @internal `PENDING_*` bits. */
  pending = 0;
  /** @internal Distinguishes this connection's completions from those of the slot's earlier owners. */
  readonly generation: number;
  handler: ConnectionHandler;
  /** @internal */
  readonly driver: UringDriver;
  /** @internal Written and not yet taken by the kernel. */
  readonly sendQueue: LeaseQueue = new LeaseQueue();
  /** @internal */
  descriptor: number;
  /** @internal */
  readonly slot: number;
  /** @internal Received while reading was paused. Made when first needed. */
  held: LeaseQueue | null = null;
  /** @internal Counts consecutive receives that filled their buffer, or did not fill a small one. */
  streak = 0;
  /** @internal Bytes of the send that the kernel holds, and since when it does. */
  sendingBytes = 0;
  /** @internal */
  sendingSinceMs = 0;
  bytesRead = 0;
  bytesWritten = 0;
  /** @internal The error to close with, 0 for an orderly end. */
  errno = 0;
  /** @internal A copy of unpooled bytes that the kernel is sending now. */
  sendingCopy: Lease | null = null;
  /** @internal For the write timeout. Made when first needed. */
  timer: Timer | null = null;

  /** @internal */
  constructor(
    driver: UringDriver,
    handler: ConnectionHandler,
    slot: number,
    generation: number,
    descriptor: number,
    state: number,
  ) {
    this.driver = driver;
    this.handler = handler;
    this.slot = slot;
    this.generation = generation;
    this.descriptor = descriptor;
    this.state = state;
  }

  get queuedBytes(): number {
    return this.sendQueue.bytes;
  }

  get isReadingPaused(): boolean {
    return (this.state & READING_PAUSED) !== 0;
  }

  get isClosed(): boolean {
    return (this.state & (CLOSING | CLOSED)) !== 0;
  }

  localAddress(): SocketAddress | null {
    return this.#name(false);
  }

  remoteAddress(): SocketAddress | null {
    return this.#name(true);
  }

  #name(peer: boolean): SocketAddress | null {
    if (this.state & (RELEASED | CLOSED) || this.descriptor < 0) return null;
    return decodeAddress(this.driver.ring.socketName(this.descriptor, peer));
  }

  write(lease: Lease): boolean {
    if (this.state & (CLOSING | CLOSED | SHUTDOWN_ASKED)) {
      lease.release();
      return false;
    }
    if (lease.length === 0) {
      lease.release();
      return (this.state & ABOVE_WATERMARK) === 0;
    }
    this.sendQueue.push(this.state & PATIENT ? detachLease(lease) : lease);
    if ((this.state & DIRTY) === 0) this.driver.markDirty(this);
    if (this.sendQueue.bytes <= this.driver.connectionOptions.writeHighWatermarkBytes) return true;
    this.state |= ABOVE_WATERMARK;
    return false;
  }

  writeBytes(bytes: Uint8Array): boolean {
    return this.write(leaseBytes(bytes.slice()));
  }

  setNoDelay(isOn: boolean): void {
    this.#setOption(abi.SOCKET_OPTION_NO_DELAY, isOn ? 1 : 0);
  }

  setKeepAlive(idleMs: number): void {
    this.#setOption(abi.SOCKET_OPTION_KEEP_ALIVE, idleMs > 0 ? 1 : 0);
    if (idleMs > 0) this.#setOption(abi.SOCKET_OPTION_KEEP_ALIVE_IDLE_S, Math.ceil(idleMs / 1000));
  }

  /** What a kind of socket does not have is not missed. */
  #setOption(option: number, value: number): void {
    if (this.state & (RELEASED | CLOSED) || this.descriptor < 0) return;
    this.driver.ring.setSocketOption(this.descriptor, option, value);
  }

  shutdownWrite(): void {
    if (this.state & (CLOSING | CLOSED | SHUTDOWN_ASKED)) return;
    this.state |= SHUTDOWN_ASKED;
    this.driver.markDirty(this);
  }

  pauseReading(): void {
    if (this.state & (READING_PAUSED | CLOSING | CLOSED)) return;
    this.state |= READING_PAUSED;
    this.driver.settleLater(this);
  }

  resumeReading(): void {
    if ((this.state & READING_PAUSED) === 0) return;
    this.state &= ~READING_PAUSED;
    this.driver.markDirty(this);
  }

  close(): void {
    if (this.state & (CLOSING | CLOSED)) return;
    beginClose(this);
  }

  reset(): void {
    if (this.state & RESETTING || this.state & CLOSED) return;
    beginReset(this);
  }

  /** @internal A completion of one of this connection's operations. */
  complete(operation: number, result: number, flags: number): void {
    switch (operation) {
      case abi.OPERATION_RECEIVE_MULTISHOT:
      case abi.OPERATION_RECEIVE:
        onReceived(this, result, flags);
        break;
      case abi.OPERATION_SEND:
      case abi.OPERATION_SEND_VECTOR:
        onSent(this, result);
        break;
      case abi.OPERATION_CONNECT:
        onConnected(this, result);
        break;
      case abi.OPERATION_POLL:
        onPolled(this, result, flags);
        break;
      case abi.OPERATION_POLL_WRITABLE:
        onWritable(this, result, flags);
        break;
    }
  }

  /** @internal At the end of a turn in which something was asked of this connection. */
  service(): void {
    if (this.state & CLOSING) {
      if ((this.state & (RESETTING | CLOSED)) === 0) issueSend(this);
      endIfPossible(this);
      return;
    }
    deliverHeld(this);
    issueSend(this);
    shutdownIfDrained(this);
  }

  /** @internal At the end of the turn after the one in which reading was paused or ended. */
  settle(): void {
    settle(this);
  }
}
