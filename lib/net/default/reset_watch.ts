/**
 * Looks for resets that the runtime does not tell of, as it reads from a socket neither while that is
 * paused nor after its end. Bun has the kernel tell it all the same; Deno does not (nor does Node).
 *
 * @module
 */
import type { Socket } from "node:net";
import { ECONNRESET, ENOTCONN } from "../../../ffi/abi.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { DefaultConnection } from "./connection.ts";
import { fail } from "./end.ts";

/** How late a reset is noticed at the most. */
const INTERVAL_MS = 250;

/** The part of Deno's (and Node's) socket handle that asks getpeername(2). */
interface NamedHandle {
  getpeername(result: object): number;
}

/** Have a connection that is paused or at its end looked at, from time to time. */
export function watchForReset(c: DefaultConnection): void {
  if (namedHandle(c.socket) === null) return;
  c.resetTimer ??= new Timer(() => look(c));
  if (!c.resetTimer.isStarted) c.driver.startTimer(c.resetTimer, INTERVAL_MS);
}

function look(c: DefaultConnection): void {
  const handle = namedHandle(c.socket);
  if (c.isClosing || handle === null || !(c.isStalled || c.isReadEnded || c.isEndHeld)) return;
  // A TCP socket without a peer is one that was connected and is not any more (tcp(7)).
  if (handle.getpeername({}) === -ENOTCONN) {
    fail(c, ECONNRESET);
    return;
  }
  watchForReset(c);
}

function namedHandle(socket: Socket): NamedHandle | null {
  const handle = (socket as unknown as { _handle?: Partial<NamedHandle> | null })._handle;
  return typeof handle?.getpeername === "function" ? (handle as NamedHandle) : null;
}
