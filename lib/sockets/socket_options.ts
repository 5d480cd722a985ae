/**
 * What can be set of a connection, before and after it is there.
 *
 * @module
 */
import type { Connection } from "../net/connection.ts";
import { SocketUseError } from "./errors.ts";

/** Options of the kernel's sockets. */
export interface SocketOptions {
  /** Send small pieces at once (TCP_NODELAY). */
  readonly noDelay?: boolean;
  /** Let the kernel ask a silent peer after so many milliseconds whether it is still there; 0: never. */
  readonly keepAliveMs?: number;
}

/** TCP_KEEPIDLE is at most 32,767 seconds. */
const MAXIMUM_KEEP_ALIVE_MS = 32_767_000;

/** Throws a {@linkcode SocketUseError} unless it is a number of milliseconds up to `most`. */
export function checkMilliseconds(operation: string, name: string, value: number, most: number): void {
  if (value >= 0 && value <= most) return;
  const message = `Cannot ${operation}: ${name} is ${value}, not a number of milliseconds from 0 to ${most}`;
  throw new SocketUseError("ERR_SOCKET_ARGUMENT", operation, message);
}

/** Throws a {@linkcode SocketUseError} for what can't be set. */
export function checkSocketOptions(operation: string, { keepAliveMs = 0 }: SocketOptions): void {
  checkMilliseconds(operation, "keepAliveMs", keepAliveMs, MAXIMUM_KEEP_ALIVE_MS);
}

/** Set what is given, after it was checked. */
export function setSocketOptions(connection: Connection, { noDelay, keepAliveMs }: SocketOptions): void {
  if (noDelay !== undefined) connection.setNoDelay(noDelay);
  if (keepAliveMs !== undefined) connection.setKeepAlive(keepAliveMs);
}
