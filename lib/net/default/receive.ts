/**
 * Receiving. While reading is paused, the socket goes on for a little: only a runtime that reads from a
 * socket tells that its peer has closed it.
 *
 * @module
 */
import { leaseBytes } from "../../ring/lease.ts";
import type { DefaultConnection } from "./connection.ts";
import { closeIfEnded } from "./end.ts";
import { watchForReset } from "./reset_watch.ts";

/** Bytes that are held of a connection whose reading is paused, before its socket is paused too. */
const HELD_BYTES = 65536;

/** Bytes arrived. */
export function onData(c: DefaultConnection, bytes: Uint8Array): void {
  if (c.isClosing) {
    c.isUnread = true;
    return;
  }
  c.bytesRead += bytes.length;
  const lease = leaseBytes(bytes);
  // Reading may have been resumed just now, with held bytes still to be handed over first.
  if (!c.isReadingPaused && c.held.head === null) {
    c.handler.onData(c, lease);
    return;
  }
  c.held.push(lease);
  if (c.held.bytes >= HELD_BYTES) stall(c);
}

/** The peer's bytes stay in the kernel from now on, but for what the runtime is reading already. */
function stall(c: DefaultConnection): void {
  if (c.isStalled) return;
  c.isStalled = true;
  c.socket.pause();
  watchForReset(c);
}

/** FIN was received. */
export function onEnd(c: DefaultConnection): void {
  if (c.isClosing) return;
  watchForReset(c);
  if (c.isReadingPaused || c.held.head !== null) {
    c.isEndHeld = true;
    noticeRemoteClose(c);
    return;
  }
  deliverEnd(c);
}

function deliverEnd(c: DefaultConnection): void {
  c.isReadEnded = true;
  c.handler.onEnd(c);
  closeIfEnded(c);
}

function noticeRemoteClose(c: DefaultConnection): void {
  if (!c.isReadingPaused || c.isRemoteCloseNoticed) return;
  c.isRemoteCloseNoticed = true;
  c.handler.onRemoteClose?.(c);
}

/** `pauseReading()`. */
export function pause(c: DefaultConnection): void {
  if (c.isReadingPaused || c.isClosing) return;
  c.isReadingPaused = true;
  // Between resuming and its effect, FIN may have arrived.
  if (c.isEndHeld) c.driver.serviceLater(c);
}

/** Reading may have been resumed: hand over what was held, then receive again. */
export function deliverHeld(c: DefaultConnection): void {
  while (c.held.head !== null) {
    if (c.isReadingPaused || c.isClosing) break;
    c.handler.onData(c, c.held.shift() as NonNullable<typeof c.held.head>);
  }
  if (c.isClosing) return;
  if (c.isReadingPaused) {
    if (c.isEndHeld) noticeRemoteClose(c);
  } else if (c.isEndHeld) {
    c.isEndHeld = false;
    deliverEnd(c);
  } else if (c.isStalled) {
    c.isStalled = false;
    c.socket.resume();
  }
}
