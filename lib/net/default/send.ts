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
  c.socket.write(lease.bytes(), c.onWritten);
  if (c.sending.bytes <= c.driver.connectionOptions.writeHighWatermarkBytes) return true;
  c.isAboveWatermark = true;
  return false;
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
  c.socket.end();
}

/** FIN was sent. */
export function onFinish(c: DefaultConnection): void {
  c.isWriteEnded = true;
  closeIfEnded(c);
}
