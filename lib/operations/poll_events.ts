/**
 * What a descriptor can be waited for to do (poll(2)).
 *
 * @module
 */
import { argumentError } from "./errors.ts";

/** What to wait for. At least one; errors and the other side's end are told in any case. */
export interface PollRequest {
  /** There is something to read, be it the end (POLLIN). */
  readonly readable?: boolean;
  /** Writing would not wait (POLLOUT). */
  readonly writable?: boolean;
  /** Something exceptional, such as TCP's urgent data (POLLPRI). */
  readonly exceptional?: boolean;
}

/** What there was when the wait ended. */
export interface PollEvents extends Required<PollRequest> {
  /** The descriptor has an error (POLLERR). */
  readonly failed: boolean;
  /** The other side is gone (POLLHUP). */
  readonly hungUp: boolean;
  /** The other side sends no more (POLLRDHUP). */
  readonly remoteClosed: boolean;
}

const POLLIN = 0x1;
const POLLPRI = 0x2;
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;

/** @internal The bits to wait for. */
export function pollMask({ readable, writable, exceptional }: PollRequest): number {
  const mask = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0) | (exceptional ? POLLPRI : 0);
  if (mask === 0) throw argumentError("poll", "Say what to wait for, such as { readable: true }");
  return mask;
}

/** What the result of a poll says. */
export function pollEventsOf(result: number): PollEvents {
  return {
    readable: (result & POLLIN) !== 0,
    writable: (result & POLLOUT) !== 0,
    exceptional: (result & POLLPRI) !== 0,
    failed: (result & POLLERR) !== 0,
    hungUp: (result & POLLHUP) !== 0,
    remoteClosed: (result & POLLRDHUP) !== 0,
  };
}
