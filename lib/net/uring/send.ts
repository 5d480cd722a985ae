/**
 * Connecting and sending. One send is with the kernel at a time, of as many leases as it takes.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import type { Lease } from "../../ring/lease.ts";
import type { UringConnection } from "./connection.ts";
import { endIfPossible, fail, shutdownIfDrained } from "./end.ts";
import { armReceive } from "./receive.ts";
import { detachQueue, endPatience, isWritable } from "./stalled.ts";
import {
  ABOVE_WATERMARK,
  CLOSED,
  CLOSING,
  CONNECTED,
  END_HELD,
  PATIENT,
  PENDING_CONNECT,
  PENDING_SEND,
  READING_PAUSED,
  RESETTING,
  SEND_CUT_SHORT,
  SHUTDOWN_ASKED,
  WRITABLE,
  WRITE_ENDED,
} from "./state.ts";

/** The result of connecting. */
export function onConnected(c: UringConnection, result: number): void {
  c.pending &= ~PENDING_CONNECT;
  if (c.state & CLOSING) {
    endIfPossible(c);
    return;
  }
  if (result < 0) {
    fail(c, -result);
    return;
  }
  c.state |= CONNECTED;
  // What was asked for meanwhile could not be done yet. First, as the handler may throw.
  if (c.sendQueue.head !== null || c.state & SHUTDOWN_ASKED) c.driver.markDirty(c);
  if (c.state & READING_PAUSED) c.driver.settleLater(c);
  c.handler.onConnect(c);
  armReceive(c, abi.COMMAND_FLAG_POLL_FIRST);
}

/** Send what is queued, unless a send is under way. */
export function issueSend(c: UringConnection): void {
  const first = c.sendQueue.head;
  if (first === null || c.pending & PENDING_SEND || (c.state & (CONNECTED | WRITE_ENDED)) !== CONNECTED) return;
  const { ring, pool } = c.driver;
  if (c.state & PATIENT) {
    if (isWritable(c)) sendCopy(c, first);
    return;
  }
  if (!pool.owns(first)) {
    sendCopy(c, first);
    return;
  }
  let count = 1;
  for (let lease = first.next; lease !== null && count < abi.VECTOR_PIECES && pool.owns(lease); lease = lease.next)
    count++;
  c.pending |= PENDING_SEND;
  c.sendingSinceMs = c.driver.nowMs;
  if (count === 1) {
    c.sendingBytes = first.length;
    ring.send(c.descriptor, first.offset, first.length, c.slot, c.generation);
    return;
  }
  const vector = ring.sendVector(c.descriptor, count, c.slot, c.generation);
  let lease: Lease | null = first;
  c.sendingBytes = 0;
  for (let piece = 0; piece < count; piece++) {
    c.sendingBytes += (lease as Lease).length;
    ring.setPiece(vector, piece, (lease as Lease).offset, (lease as Lease).length);
    lease = (lease as Lease).next;
  }
}

/** Bytes outside the arena: the kernel sends them from a write buffer. */
function sendCopy(c: UringConnection, lease: Lease): void {
  const { ring, pool } = c.driver;
  const copy = pool.writable();
  if (copy === null) {
    c.driver.awaitWriteBuffer(c);
    return;
  }
  copy.length = Math.min(copy.length, lease.length);
  copy.memory.set(lease.memory.subarray(lease.offset, lease.offset + copy.length), copy.offset);
  c.pending |= PENDING_SEND;
  c.sendingCopy = copy;
  c.sendingBytes = copy.length;
  c.sendingSinceMs = c.driver.nowMs;
  if (c.state & PATIENT) ring.sendNow(c.descriptor, copy.offset, copy.length, c.slot, c.generation);
  else ring.send(c.descriptor, copy.offset, copy.length, c.slot, c.generation);
}

/** A send completed: whole, unless it failed, was cancelled, or was not to wait. */
export function onSent(c: UringConnection, result: number): void {
  c.pending &= ~PENDING_SEND;
  if (c.sendingCopy !== null) {
    c.sendingCopy.release();
    c.sendingCopy = null;
  }
  if (result > 0) {
    c.bytesWritten += result;
    c.sendQueue.drop(result);
  }
  if (result > 0 && result < c.sendingBytes && (c.state & PATIENT) === 0) c.state |= SEND_CUT_SHORT;
  else c.state &= ~SEND_CUT_SHORT;
  if (c.state & (RESETTING | CLOSED)) {
    c.sendQueue.clear();
    endIfPossible(c);
    return;
  }
  if (c.state & PATIENT) onSentPatiently(c, result);
  if (result < 0 && result !== -abi.EINTR && result !== -abi.EAGAIN && result !== -abi.ECANCELED) {
    onSendError(c, -result);
    return;
  }
  const queue = c.sendQueue;
  if (c.state & ABOVE_WATERMARK && queue.bytes <= c.driver.connectionOptions.writeLowWatermarkBytes) {
    c.state &= ~ABOVE_WATERMARK;
    if ((c.state & (CLOSING | SHUTDOWN_ASKED)) === 0) c.handler.onDrain(c);
  }
  // An end may have been held back until it was known how this send went.
  if (queue.head !== null || c.state & END_HELD) c.driver.markDirty(c);
  else if (c.state & CLOSING) endIfPossible(c);
  else shutdownIfDrained(c);
}

function onSentPatiently(c: UringConnection, result: number): void {
  if (result === -abi.EAGAIN) c.state &= ~WRITABLE;
  if (c.sendQueue.head === null) endPatience(c);
  else detachQueue(c);
}

function onSendError(c: UringConnection, errno: number): void {
  if ((c.state & CLOSING) === 0) {
    fail(c, errno);
    return;
  }
  // Closing was to send what is queued: its end is not an orderly one.
  c.errno = errno;
  c.sendQueue.clear();
  endIfPossible(c);
}
