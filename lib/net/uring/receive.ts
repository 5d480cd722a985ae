/**
 * Receiving: one multishot receive into small buffers for most connections, single receives into
 * bulk buffers for those that turn out to carry bulk data.
 *
 * A multishot receive fills up to 32 buffers before anybody can say that the other side does not take them, unless
 * the kernel lets it be limited. Where it does not, a connection begins with single receives, and goes on with a
 * multishot one after its first small message.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import { LeaseQueue } from "../../ring/lease.ts";
import type { UringConnection } from "./connection.ts";
import { closeIfEnded, endIfPossible, fail } from "./end.ts";
import {
  BULK,
  CANCELLING_RECEIVE,
  CLOSED,
  CLOSING,
  CONNECTED,
  END_HELD,
  MULTISHOT,
  PENDING_POLL,
  PENDING_RECEIVE,
  READ_ENDED,
  READING_PAUSED,
  REMOTE_CLOSE_TOLD,
  REMOTE_CLOSED,
  SEND_CUT_SHORT,
  SINGLE_RECEIVES,
  SMALL_MESSAGES,
  STARVED,
  WRITE_ENDED,
} from "./state.ts";

/** Bytes of one multishot receive: as many as are queued for the other side before it is to be waited for. */
const MULTISHOT_BYTES = 65536;
/** Receives in a row that filled a small buffer, after which a connection counts as bulk. */
const FULL_BUFFERS_TO_BULK = 4;
/** Receives in a row that would have fitted a small buffer, after which it does not any more. */
const SMALL_RECEIVES_FROM_BULK = 4;

const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;

const MORE_OR_NONEMPTY = abi.COMPLETION_FLAG_SOCKET_NONEMPTY;

/** Have the kernel receive, unless it does already or must not. */
export function armReceive(c: UringConnection, flags: number): void {
  const unwanted = READING_PAUSED | READ_ENDED | END_HELD | CLOSING | CLOSED | STARVED;
  if (c.pending & PENDING_RECEIVE || (c.state & unwanted) !== 0 || (c.state & CONNECTED) === 0) return;
  c.pending |= PENDING_RECEIVE;
  const { driver } = c;
  const isBounded = driver.hasMultishotLimit || (c.state & SMALL_MESSAGES) !== 0;
  if ((c.state & (BULK | SINGLE_RECEIVES)) === 0 && isBounded && driver.hasMultishotReceive) {
    c.state |= MULTISHOT;
    driver.ring.receiveMultishot(c.descriptor, abi.GROUP_SMALL, MULTISHOT_BYTES, flags, c.slot, c.generation);
    return;
  }
  c.state &= ~MULTISHOT;
  const group = c.state & BULK && !driver.isBulkExhausted ? abi.GROUP_BULK : abi.GROUP_SMALL;
  driver.ring.receive(c.descriptor, group, flags, c.slot, c.generation);
}

/** A receive completed: with bytes, with the end, or with an error. */
export function onReceived(c: UringConnection, result: number, flags: number): void {
  const isArmed = (flags & abi.COMPLETION_FLAG_MORE) !== 0;
  if (!isArmed) {
    c.pending &= ~PENDING_RECEIVE;
    c.state &= ~CANCELLING_RECEIVE;
  }
  if (result > 0) {
    onBytes(c, result, flags);
  } else if (c.state & CLOSING) {
    endIfPossible(c);
    return;
  } else if (result === 0) {
    onEnd(c);
    return;
  } else if (onReceiveError(c, -result)) {
    return;
  }
  if (c.state & CLOSING) {
    endIfPossible(c);
  } else if (!isArmed) {
    // Nothing more in the socket, as far as the kernel knows: polling first saves a try in vain.
    armReceive(c, flags & MORE_OR_NONEMPTY ? 0 : abi.COMMAND_FLAG_POLL_FIRST);
  }
}

function onBytes(c: UringConnection, length: number, flags: number): void {
  const driver = c.driver;
  const lease = driver.pool.received(flags >>> abi.COMPLETION_FLAG_BUFFER_SHIFT, length);
  if (c.state & CLOSING) {
    lease.release();
    return;
  }
  c.bytesRead += length;
  adapt(c, length);
  const isPaused = (c.state & READING_PAUSED) !== 0;
  if (isPaused) cancelReceive(c);
  // Reading may have been resumed in this turn, with held bytes still to be handed over first.
  if (isPaused || c.held !== null) {
    c.held ??= new LeaseQueue();
    c.held.push(lease);
    return;
  }
  c.handler.onData(c, lease);
}

/** Small buffers or bulk ones? A change takes effect with the next receive that is armed. */
function adapt(c: UringConnection, length: number): void {
  const isBulk = (c.state & BULK) !== 0;
  const fitsSmall = length < c.driver.pool.smallBytes;
  if (fitsSmall) c.state |= SMALL_MESSAGES;
  if (fitsSmall !== isBulk) {
    c.streak = 0;
    return;
  }
  c.streak++;
  if (isBulk) {
    if (c.streak < SMALL_RECEIVES_FROM_BULK) return;
    c.state &= ~BULK;
  } else {
    if (c.streak < FULL_BUFFERS_TO_BULK || !c.driver.pool.hasBulk) return;
    c.state |= BULK;
    cancelReceive(c);
  }
  c.streak = 0;
}

/**
 * A receive returned 0: the peer's FIN, unless a send was cut short. A send that has sent a part before the peer's
 * reset completes with that part (`io_send` in the kernel's io_uring/net.c) and takes the socket's error with it,
 * so that the receive after it finds an end. Only the next send tells: it fails with EPIPE.
 */
function onEnd(c: UringConnection): void {
  if (c.state & SEND_CUT_SHORT && (c.state & READING_PAUSED) === 0) {
    c.state |= END_HELD;
    return;
  }
  if (c.state & READING_PAUSED || c.held?.head) {
    c.state |= END_HELD;
    noticeRemoteClose(c);
    return;
  }
  c.state |= READ_ENDED;
  // Nothing is received any more that would report a reset: see `settle`.
  if ((c.state & WRITE_ENDED) === 0) c.driver.settleLater(c);
  c.handler.onEnd(c);
  closeIfEnded(c);
}

/** True if the receive must not be armed again now. */
function onReceiveError(c: UringConnection, errno: number): boolean {
  switch (errno) {
    // Cancelled to pause or to change buffers: what is needed next is armed.
    case abi.ECANCELED:
    case abi.EINTR:
    case abi.EAGAIN:
      return false;
    case abi.ENOBUFS:
      return onNoBuffers(c);
    case abi.EINVAL:
    case abi.EOPNOTSUPP:
      // A kernel that knows the operation but not the flag.
      if ((c.state & MULTISHOT) === 0) break;
      c.driver.disableMultishotReceive(errno);
      return false;
  }
  fail(c, errno);
  return true;
}

/** All of the group's buffers are leased: more are provided, or this connection queues for them. */
function onNoBuffers(c: UringConnection): boolean {
  if (c.state & BULK && !c.driver.isBulkExhausted) {
    c.driver.replenishBulk();
    return false;
  }
  if (c.driver.replenishSmall()) return false;
  c.state |= STARVED;
  c.driver.starved.push(c);
  return true;
}

/** Take the receive back, if the kernel holds one. */
export function cancelReceive(c: UringConnection): void {
  if ((c.pending & PENDING_RECEIVE) === 0 || c.state & CANCELLING_RECEIVE) return;
  c.state |= CANCELLING_RECEIVE;
  const operation = c.state & MULTISHOT ? abi.OPERATION_RECEIVE_MULTISHOT : abi.OPERATION_RECEIVE;
  c.driver.ring.cancel(operation, c.slot, c.generation);
}

/** Reading was resumed: hand over what was held, then receive again. */
export function deliverHeld(c: UringConnection): void {
  if (c.state & READING_PAUSED) return;
  const held = c.held;
  if (held !== null) {
    while (held.head !== null) {
      if (c.state & (READING_PAUSED | CLOSING)) return;
      c.handler.onData(c, held.shift() as NonNullable<typeof held.head>);
    }
    if (c.state & (READING_PAUSED | CLOSING)) return;
    c.held = null;
  }
  if (c.state & SEND_CUT_SHORT && c.state & END_HELD) return;
  if (c.state & END_HELD) {
    c.state &= ~END_HELD;
    onEnd(c);
    return;
  }
  armReceive(c, 0);
}

/**
 * Reading is still paused after a turn, so the pause is not just the moment until a send completes: take
 * the receive back, so that the peer's bytes stay in the kernel, and poll for its end instead. Or
 * reading has ended and writing has not: poll for a reset.
 */
export function settle(c: UringConnection): void {
  if (c.state & (CLOSING | CLOSED) || (c.state & CONNECTED) === 0) return;
  const isPaused = (c.state & READING_PAUSED) !== 0;
  if (!isPaused && (c.state & READ_ENDED) === 0) return;
  if (isPaused) cancelReceive(c);
  // It stays for good: the kernel tells of each change once.
  if ((c.pending & PENDING_POLL) === 0) {
    c.pending |= PENDING_POLL;
    c.driver.ring.pollMultishot(c.descriptor, POLLRDHUP, c.slot, c.generation);
  }
  if (c.state & REMOTE_CLOSED) noticeRemoteClose(c);
}

/** The peer closed or reset the connection; a receive may be about to report the same. */
export function onPolled(c: UringConnection, result: number, flags: number): void {
  if ((flags & abi.COMPLETION_FLAG_MORE) === 0) {
    c.pending &= ~PENDING_POLL;
    // Not by a cancellation of ours: the kernel had no memory or no room to go on.
    if ((c.state & CLOSING) === 0) c.driver.settleLater(c);
  }
  if (c.state & CLOSING) {
    endIfPossible(c);
    return;
  }
  if (result < 0) return;
  if (result & (POLLERR | POLLHUP) && !isReceiving(c)) {
    const errno = c.driver.ring.socketError(c.descriptor);
    if (errno > 0) {
      fail(c, errno);
      return;
    }
  }
  if (result & (POLLHUP | POLLRDHUP)) noticeRemoteClose(c);
}

/** A receive is armed, and gives the bytes before the error first. */
function isReceiving(c: UringConnection): boolean {
  return (c.pending & PENDING_RECEIVE) !== 0 && (c.state & CANCELLING_RECEIVE) === 0;
}

function noticeRemoteClose(c: UringConnection): void {
  c.state |= REMOTE_CLOSED;
  if (c.state & (REMOTE_CLOSE_TOLD | READ_ENDED) || (c.state & READING_PAUSED) === 0) return;
  c.state |= REMOTE_CLOSE_TOLD;
  c.handler.onRemoteClose?.(c);
}
