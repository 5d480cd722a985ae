/**
 * Connecting, sending, and the end of sending.
 *
 * @module
 */
import type { Lease } from "../../ring/lease.ts";
import type { DefaultConnection } from "./connection.ts";
import { closeIfEnded, endIfDrained } from "./end.ts";

/** The connection is there. */
export function onConnected(c: DefaultConnection): void {
  if (c.isClosing) return;
  c.isConnected = true;
  // What was asked for meanwhile could not be done yet. First, as the handler may throw.
  if (c.unsent !== null || c.isShutdownAsked) c.driver.serviceLater(c);
  c.handler.onConnect(c);
}

/** `write()`. */
export function write(c: DefaultConnection, lease: Lease): boolean {
  if (c.isClosing || c.isShutdownAsked) {
    lease.release();
    return false;
  }
  if (lease.length === 0) {
    lease.release();
    return !c.isAboveWatermark;
  }
  c.sending.push(lease);
  c.unsent ??= lease;
  c.driver.serviceLater(c);
  if (c.sending.bytes <= c.driver.connectionOptions.writeHighWatermarkBytes) return true;
  c.isAboveWatermark = true;
  return false;
}

/** Give the runtime what was written since the last turn, as one write, and then FIN if it was asked for. */
export function flush(c: DefaultConnection): void {
  if (!c.isConnected || c.isShutdownBegun || (c.isClosing && !c.isDraining)) return;
  const { socket } = c;
  let lease = c.unsent;
  c.unsent = null;
  if (lease !== null) {
    socket.cork();
    for (; lease !== null; lease = lease.next) socket.write(lease.bytes(), c.onWritten);
    socket.uncork();
  }
  if (!c.isShutdownAsked || c.isClosing) return;
  c.isShutdownBegun = true;
  socket.end();
}

/** The oldest write is done; if it failed, the socket's error event tells why. */
export function onWritten(c: DefaultConnection, error: Error | null): void {
  const lease = c.sending.shift();
  // Dropped when the connection ended.
  if (lease === null) return;
  if (error === null) c.bytesWritten += lease.length;
  lease.release();
  if (error !== null) return;
  if (c.isAboveWatermark && c.sending.bytes <= c.driver.connectionOptions.writeLowWatermarkBytes) {
    c.isAboveWatermark = false;
    if (!c.isClosing && !c.isShutdownAsked) c.handler.onDrain(c);
  }
  endIfDrained(c);
}

/** `shutdownWrite()`. */
export function shutdown(c: DefaultConnection): void {
  if (c.isClosing || c.isShutdownAsked) return;
  c.isShutdownAsked = true;
  c.driver.serviceLater(c);
}

/** FIN was sent. */
export function onFinish(c: DefaultConnection): void {
  c.isWriteEnded = true;
  closeIfEnded(c);
}
