/**
 * The bits of a connection's state.
 *
 * @module
 */

/** Operations that the kernel holds for a connection, as bits of `pending`. */
export const PENDING_RECEIVE = 1;
export const PENDING_SEND = 2;
export const PENDING_CONNECT = 4;
export const PENDING_POLL = 8;
export const PENDING_WRITABLE = 16;

/** Bits of `state`. */
export const CONNECTED = 0x1;
export const READING_PAUSED = 0x2;
/** FIN was received and `onEnd` was called. */
export const READ_ENDED = 0x4;
/** FIN was received while paused; `onEnd` follows the held bytes. */
export const END_HELD = 0x8;
/** `shutdownWrite` was called. */
export const SHUTDOWN_ASKED = 0x10;
/** FIN was sent. */
export const WRITE_ENDED = 0x20;
/** No more events but `onClose`. */
export const CLOSING = 0x40;
/** `onClose` was called. */
export const CLOSED = 0x80;
/** The peer is to see a reset. */
export const RESETTING = 0x100;
/** More than the high watermark is queued. */
export const ABOVE_WATERMARK = 0x200;
/** Receives into bulk buffers, one at a time. */
export const BULK = 0x400;
/** The receive that the kernel holds is a multishot one. */
export const MULTISHOT = 0x800;
/** The receive that the kernel holds is being cancelled. */
export const CANCELLING_RECEIVE = 0x1000;
/** In the list of connections to service at the end of the turn. */
export const DIRTY = 0x2000;
/** The kernel has told of the peer's FIN, be it through a poll before the bytes in front of it were read. */
export const REMOTE_CLOSED = 0x4000;
/** Waits for the kernel to have buffers again. */
export const STARVED = 0x8000;
/** The slot and the descriptor are free again. */
export const RELEASED = 0x10000;
/** Everything that the kernel holds is being cancelled. */
export const CANCELLED = 0x20000;
/** In the list of connections that are to settle. */
export const SETTLING = 0x40000;
/** Waits for a write buffer. */
export const AWAITS_WRITE_BUFFER = 0x80000;
/** `onRemoteClose` was called. */
export const REMOTE_CLOSE_TOLD = 0x100000;
/** Receives one at a time, for its kind of socket. */
export const SINGLE_RECEIVES = 0x200000;
/** The last send was cut short without an error: see `onEnd` in `receive.ts`. */
export const SEND_CUT_SHORT = 0x400000;
/** Sends only what the socket takes at once, from memory of its own: see `stalled.ts`. */
export const PATIENT = 0x800000;
/** The socket of a patient connection takes bytes. */
export const WRITABLE = 0x1000000;
/** A message that fitted a small buffer was received. */
export const SMALL_MESSAGES = 0x2000000;
