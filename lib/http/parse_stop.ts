/**
 * How the parts of the head's parser stop: for more bytes, or for good.
 *
 * @module
 */
import { CR, LF } from "./characters.ts";
import { FAULT, type HttpFault } from "./fault.ts";
import type { Head } from "./head.ts";

/** Instead of a position: the parser does not go on now. */
export const STOPPED = -1;

/** There are no more bytes; the next call goes on at that stage and position, which is relative to the head. */
export function suspend(head: Head, stage: number, position: number): number {
  head.stage = stage;
  head.position = position;
  return STOPPED;
}

/** The head breaks a rule. */
export function fail(head: Head, fault: HttpFault): number {
  head.fault = fault;
  return STOPPED;
}

/** What is wrong with a byte that may not stand where it does: the line's end, or the byte itself. */
export function unexpected(byte: number, fault: HttpFault): HttpFault {
  if (byte === LF) return FAULT.bareLineFeed;
  return byte === CR ? FAULT.bareCarriageReturn : fault;
}
