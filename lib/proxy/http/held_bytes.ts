/**
 * Bytes of a client that have to wait: the next request's, until the present one is answered.
 *
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import type { Driver } from "../../net/driver.ts";
import { detachLease, type Lease, LeaseQueue } from "../../ring/lease.ts";

/** Who takes the bytes of a client's connection. */
export interface HeldBytesTaker {
  /** Does it take more now? */
  readonly takesMore: boolean;
  /** Takes bytes, of which it may hold some again. */
  take(lease: Lease): void;
}

/** Hold bytes that were taken, in front of those that are held; what more comes stays with the client. */
export function holdBytes(held: LeaseQueue | null, lease: Lease, connection: Connection): LeaseQueue {
  const queue = held ?? new LeaseQueue();
  // It was taken from its front, if anything else is in it.
  queue.unshift(detachLease(lease));
  connection.pauseReading();
  return queue;
}

/** Let what is held be taken, as far as it is. True: nothing is left. */
export function takeHeldBytes(held: LeaseQueue, taker: HeldBytesTaker): boolean {
  while (taker.takesMore) {
    const lease = held.shift();
    if (lease === null) break;
    taker.take(lease);
  }
  return held.head === null;
}

/** Does a client have to take responses before its next request is looked at? `onDrain` comes then. */
export function hasToDrain({ queuedBytes }: Connection, { connectionOptions }: Driver): boolean {
  return queuedBytes > connectionOptions.writeHighWatermarkBytes;
}
