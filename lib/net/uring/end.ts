/**
 * How a connection ends: orderly in both directions, closed, reset, or failed.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { UringConnection } from "./connection.ts";
import { cancelReceive } from "./receive.ts";
import {
  CANCELLED,
  CLOSED,
  CLOSING,
  CONNECTED,
  PENDING_CONNECT,
  PENDING_POLL,
  PENDING_SEND,
  PENDING_WRITABLE,
  READ_ENDED,
  RELEASED,
  RESETTING,
  SHUTDOWN_ASKED,
  WRITE_ENDED,
} from "./state.ts";

const SHUT_WR = 1;

/** Something failed: tell the handler now, then clean up. */
export function fail(c: UringConnection, errno: number): void {
  if (c.state & (CLOSING | CLOSED)) return;
  c.errno = errno;
  c.state |= CLOSING | CLOSED;
  dropBytes(c);
  // The clean-up goes first: the handler may throw.
  c.driver.markDirty(c);
  c.handler.onClose(c, errno);
}

/** Send FIN if it was asked for and everything before it was sent. */
export function shutdownIfDrained(c: UringConnection): void {
  if ((c.state & (SHUTDOWN_ASKED | WRITE_ENDED | CLOSING | CONNECTED)) !== (SHUTDOWN_ASKED | CONNECTED)) return;
  if (c.sendQueue.head !== null || c.pending & PENDING_SEND) return;
  c.state |= WRITE_ENDED;
  // Both directions are done: closing sends the FIN, one system call less.
  if ((c.state & READ_ENDED) === 0) c.driver.ring.shutdown(c.descriptor, SHUT_WR, c.slot, c.generation);
  closeIfEnded(c);
}

/** Both directions have ended: nothing is left to happen on this connection. */
export function closeIfEnded(c: UringConnection): void {
  const ended = READ_ENDED | WRITE_ENDED;
  if ((c.state & ended) !== ended || c.state & CLOSING) return;
  c.state |= CLOSING;
  c.driver.markDirty(c);
}

/** `close()`: let what is queued drain for the write timeout, then end. */
export function beginClose(c: UringConnection): void {
  c.state |= CLOSING;
  c.held?.clear();
  c.driver.markDirty(c);
  if ((c.state & CONNECTED) === 0) {
    c.sendQueue.clear();
    return;
  }
  const timeoutMs = c.driver.connectionOptions.writeTimeoutMs;
  if ((c.sendQueue.head === null && (c.pending & PENDING_SEND) === 0) || timeoutMs === 0) return;
  c.timer = new Timer(() => {
    c.errno = abi.ETIMEDOUT;
    beginReset(c);
  });
  c.driver.startTimer(c.timer, timeoutMs);
}

/** `reset()`: drop everything and end. */
export function beginReset(c: UringConnection): void {
  c.state |= CLOSING | RESETTING;
  dropBytes(c);
  c.driver.markDirty(c);
}

/** Release what is held or queued; what the kernel is sending now is kept until it is done with it. */
function dropBytes(c: UringConnection): void {
  c.held?.clear();
  if ((c.pending & PENDING_SEND) === 0) c.sendQueue.clear();
}

/** While closing: cancel what must not go on, and when the kernel holds nothing any more, let go of the descriptor. */
export function endIfPossible(c: UringConnection): void {
  if (c.state & RELEASED) return;
  const isDraining =
    (c.state & (RESETTING | CLOSED)) === 0 && (c.sendQueue.head !== null || (c.pending & PENDING_SEND) !== 0);
  if (isDraining) {
    cancelReceive(c);
    return;
  }
  if (c.pending !== 0) {
    cancelAll(c);
    return;
  }
  release(c);
}

function cancelAll(c: UringConnection): void {
  if (c.state & CANCELLED) return;
  c.state |= CANCELLED;
  const { ring } = c.driver;
  cancelReceive(c);
  if (c.pending & PENDING_POLL) ring.cancel(abi.OPERATION_POLL, c.slot, c.generation);
  if (c.pending & PENDING_WRITABLE) ring.cancel(abi.OPERATION_POLL_WRITABLE, c.slot, c.generation);
  if (c.pending & PENDING_CONNECT) ring.cancel(abi.OPERATION_CONNECT, c.slot, c.generation);
  if (c.pending & PENDING_SEND) {
    ring.cancel(abi.OPERATION_SEND, c.slot, c.generation);
    ring.cancel(abi.OPERATION_SEND_VECTOR, c.slot, c.generation);
  }
}

function release(c: UringConnection): void {
  c.state |= RELEASED;
  c.sendQueue.clear();
  if (c.timer !== null) c.driver.stopTimer(c.timer);
  if (c.descriptor >= 0) {
    if (c.state & RESETTING) c.driver.ring.reset(c.descriptor);
    else c.driver.ring.close(c.descriptor);
  }
  c.driver.releaseSlot(c);
  if (c.state & CLOSED) return;
  c.state |= CLOSED;
  c.handler.onClose(c, c.errno);
}
