/**
 * For whom a connection to an endpoint works: a client's request, or the copy of one.
 *
 * @module
 */
import type { HttpFault } from "../../http/fault.ts";
import type { Head } from "../../http/head.ts";
import type { HttpLimits } from "../../http/limits.ts";
import type { Lease } from "../../ring/lease.ts";
import type { HeadLender } from "./head_reader.ts";
import type { Reason } from "./reasons.ts";
import type { Upstream } from "./upstream.ts";

/** The response's head is with the client, which says later, by `Upstream.proceed`, how its body is wanted. */
export const HEAD_HELD = -1;

/** Told what becomes of its request. */
export interface UpstreamClient {
  /** Lends heads to parse into. */
  readonly lender: HeadLender;
  /** Of the response. */
  readonly limits: HttpLimits;
  /** A `METHOD_` number. */
  readonly method: number;
  /** May the response be 101? */
  readonly isUpgrade: boolean;
  /** Is a connection wanted that carries bytes, and no request? */
  readonly isConnect: boolean;
  /** Was all of the request given to the connection? */
  readonly isRequestComplete: boolean;
  /** How the response's body is wanted, a `BODY_` number; known when `onHead` returns. */
  readonly bodyMode: number;
  /** A connection is being made. */
  onConnecting(upstream: Upstream): void;
  /** A connection is there: the request can be written. */
  onUpstream(upstream: Upstream): void;
  /** None could be made. */
  onConnectFailed(errno: number): void;
  /** An interim response other than 101. */
  onInterimHead(head: Head, memory: Uint8Array, base: number): void;
  /**
   * The head of the final response. If it is not longer than `roomBytes`, the client may leave its own at the end of
   * so many bytes from `base` on, and return its length: it is sent with the body. Otherwise 0, or `HEAD_HELD`.
   */
  onHead(head: Head, memory: Uint8Array, base: number, roomBytes: number): number;
  /** The endpoint agreed to speak another protocol, from here on. */
  onUpgrade(head: Head, memory: Uint8Array, base: number): void;
  /** A part of the body. False: no more, until `resumeReading`. */
  write(lease: Lease): boolean;
  /** More can be written. */
  onUpstreamDrained(): void;
  /** The response is complete; the connection has nothing to do with the request any more. */
  onResponseComplete(): void;
  /** The connection ended in the middle, or the response breaks a rule: `fault`, if that rule is one of those. */
  onUpstreamFailed(reason: Reason, fault: HttpFault | null): void;
  /** The endpoint sends no more through a tunnel. */
  onUpstreamEnd(): void;
}
