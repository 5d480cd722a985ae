/**
 * Connections whose peers do not read. What is queued for such a peer lies in the ring's buffers, which all
 * connections share; when they get scarce, it is moved to memory of its own, and nothing of the connection stays
 * with the kernel but a poll. So peers that stall, however many, never keep others from being served.
 *
 * ```text
 *   sending ── buffers are scarce, the send is pending for a while ──> the send is cancelled
 *      ^                                                                     │
 *      └── the queue is empty <── patient: waits until the socket is writable, then sends what it takes
 * ```
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import type { BufferPool } from "../../ring/buffer_pool.ts";
import { detachLease, type Lease, type LeaseQueue } from "../../ring/lease.ts";
import type { UringConnection } from "./connection.ts";
import { endIfPossible } from "./end.ts";
import { CLOSED, PATIENT, PENDING_SEND, PENDING_WRITABLE, RESETTING, WRITABLE } from "./state.ts";

const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;

/** Move what a connection keeps from the ring's buffers, unless its send began after `sinceMs`. */
export function giveWay(c: UringConnection, sinceMs: number): void {
  if (c.state & CLOSED) return;
  const { pool } = c.driver;
  if (c.held !== null) detachAll(c.held, pool);
  if (c.state & (PATIENT | RESETTING)) return;
  if (c.pending & PENDING_SEND) {
    if (c.sendingSinceMs <= sinceMs) becomePatient(c);
  } else {
    detachAll(c.sendQueue, pool);
  }
}

function becomePatient(c: UringConnection): void {
  c.state |= PATIENT;
  c.driver.ring.cancel(abi.OPERATION_SEND, c.slot, c.generation);
  c.driver.ring.cancel(abi.OPERATION_SEND_VECTOR, c.slot, c.generation);
}

/** The kernel has let go of a patient connection's send: its bytes can be moved now. */
export function detachQueue(c: UringConnection): void {
  const { pool } = c.driver;
  for (let lease = c.sendQueue.head; lease !== null; lease = lease.next) {
    // Not only the first: bytes from outside the ring may be in front of those in its buffers.
    if (!pool.owns(lease)) continue;
    detachAll(c.sendQueue, pool);
    return;
  }
}

function detachAll(queue: LeaseQueue, pool: BufferPool): void {
  let count = 0;
  for (let lease = queue.head; lease !== null; lease = lease.next) count++;
  // Around once: each leaves at the front and comes back at the end.
  for (; count > 0; count--) {
    const lease = queue.shift() as Lease;
    queue.push(pool.owns(lease) ? detachLease(lease) : lease);
  }
}

/** May a patient connection send now? If not, it is told when it may. */
export function isWritable(c: UringConnection): boolean {
  if (c.state & WRITABLE) return true;
  if ((c.pending & PENDING_WRITABLE) === 0) {
    c.pending |= PENDING_WRITABLE;
    // Multishot, as that is edge-triggered: a single poll would complete at once again and again when the peer has
    // sent FIN, which the kernel always reports.
    c.driver.ring.pollWritable(c.descriptor, POLLOUT, c.slot, c.generation);
  }
  return false;
}

/** A patient connection's socket may take bytes again. */
export function onWritable(c: UringConnection, result: number, flags: number): void {
  if ((flags & abi.COMPLETION_FLAG_MORE) === 0) c.pending &= ~PENDING_WRITABLE;
  if (c.state & (RESETTING | CLOSED)) {
    endIfPossible(c);
    return;
  }
  // An error too: the send will find out which.
  if (result > 0 && result & (POLLOUT | POLLERR | POLLHUP)) c.state |= WRITABLE;
  c.driver.markDirty(c);
}

/** Everything was sent: back to sends that wait in the kernel. */
export function endPatience(c: UringConnection): void {
  c.state &= ~(PATIENT | WRITABLE);
  if (c.pending & PENDING_WRITABLE) c.driver.ring.cancel(abi.OPERATION_POLL_WRITABLE, c.slot, c.generation);
}
