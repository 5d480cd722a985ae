/**
 * How a connection ends: orderly in both directions, closed, reset, or failed.
 *
 * @module
 */
import { ECONNRESET, ETIMEDOUT } from "../../../ffi/abi.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { DefaultConnection } from "./connection.ts";
import { connectErrnoOf, connectionErrnoOf } from "./errno.ts";

/** Something failed, which no event tells. */
export function fail(c: DefaultConnection, errno: number): void {
  if (c.isClosing) return;
  c.errno = errno;
  c.isClosing = true;
  drop(c);
  c.socket.destroy();
}

/** The runtime tells of an error, and will tell that the socket is closed. */
export function onSocketError(c: DefaultConnection, error: Error): void {
  // A close that was to send what is queued is not an orderly one now; any other is.
  if (c.isClosing && !c.isDraining) return;
  c.isDraining = false;
  c.errno = c.isConnected ? connectionErrnoOf(error) : connectErrnoOf(error);
  c.isClosing = true;
  drop(c);
}

/** The runtime has let go of the socket. */
export function onSocketClose(c: DefaultConnection): void {
  c.isSocketClosed = true;
  if (!c.isClosing && !(c.isWriteEnded && (c.isReadEnded || c.isEndHeld))) {
    // Neither an end nor an error: nothing says why.
    c.errno = ECONNRESET;
    c.isClosing = true;
  }
  reportIfOver(c);
}

/** Both directions have ended and all bytes were delivered: nothing is left to happen on this connection. */
export function closeIfEnded(c: DefaultConnection): void {
  if (!c.isReadEnded || !c.isWriteEnded || c.isClosing) return;
  c.isClosing = true;
  // The runtime closes a socket by itself as soon as both ends were seen, be they delivered or not.
  destroy(c);
}

/** `close()`: let what is queued drain for the write timeout, then end. */
export function beginClose(c: DefaultConnection): void {
  if (c.isClosing) return;
  c.isClosing = true;
  c.isUnread = c.held.head !== null;
  c.held.clear();
  if (!c.isConnected || c.sending.head === null || c.isSocketClosed) {
    destroy(c);
    return;
  }
  c.isDraining = true;
  c.socket.pause();
  const timeoutMs = c.driver.connectionOptions.writeTimeoutMs;
  if (timeoutMs === 0) return;
  c.writeTimer = new Timer(() => {
    c.errno = ETIMEDOUT;
    beginReset(c);
  });
  c.driver.startTimer(c.writeTimer, timeoutMs);
}

/** While closing: the last queued byte was sent. */
export function endIfDrained(c: DefaultConnection): void {
  if (c.isDraining && c.sending.head === null) destroy(c);
}

/** `reset()`: drop everything and end. */
export function beginReset(c: DefaultConnection): void {
  if (c.isOver || c.isResetting) return;
  c.isClosing = true;
  c.isResetting = true;
  destroy(c);
}

function destroy(c: DefaultConnection): void {
  c.isDraining = false;
  drop(c);
  // The kernel answers with a reset if bytes are unread, so that the peer does not take them for read.
  const isReset = c.isResetting || c.isUnread || c.socket.readableLength > 0;
  // Unix sockets know no reset, and while connecting it would wait for the connection.
  if (isReset && c.isConnected && !c.isUnix) c.socket.resetAndDestroy();
  else c.socket.destroy();
  if (c.isSocketClosed) c.driver.serviceLater(c);
}

/** Release what is held or queued. */
function drop(c: DefaultConnection): void {
  c.held.clear();
  c.sending.clear();
  c.unsent = null;
}

/** The last event. */
export function reportIfOver(c: DefaultConnection): void {
  if (!c.isClosing || !c.isSocketClosed || c.isOver) return;
  c.isOver = true;
  drop(c);
  if (c.writeTimer !== null) c.driver.stopTimer(c.writeTimer);
  if (c.resetTimer !== null) c.driver.stopTimer(c.resetTimer);
  c.driver.remove(c);
  c.handler.onClose(c, c.errno);
}
