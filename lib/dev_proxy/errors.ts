/**
 * Errors of the dev proxy.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";
import {
  CONNECT_FAILED,
  NO_ENDPOINT,
  OVERFLOW,
  RESPONSE_TIMEOUT,
  type Reason,
  UPSTREAM_CLOSED,
  UPSTREAM_ERROR,
} from "../proxy/http/reasons.ts";

/** What was given to the dev proxy can't be used. */
export function devProxyError(message: string, cause?: unknown): RingwayError {
  return new RingwayError(message, { code: "ERR_DEV_PROXY", source: "internal", operation: "make a dev proxy", cause });
}

/** Codes of what the event `error` tells, by the proxy's reasons. */
const CODES: readonly (readonly [reason: Reason, code: string])[] = [
  [CONNECT_FAILED, "ERR_TARGET_UNREACHABLE"],
  [UPSTREAM_CLOSED, "ERR_TARGET_CLOSED"],
  [UPSTREAM_ERROR, "ERR_TARGET_INVALID"],
  [RESPONSE_TIMEOUT, "ERR_TARGET_TIMEOUT"],
  [NO_ENDPOINT, "ERR_TARGET_UNREACHABLE"],
  [OVERFLOW, "ERR_TARGET_BUSY"],
];

/** The error behind a flag of an exchange; `null`: nothing is wrong with the target. */
export function targetError(flag: string, target: string): RingwayError | null {
  const found = CODES.find(([reason]) => reason.flag === flag);
  if (found === undefined) return null;
  const [reason, code] = found;
  return new RingwayError(`${reason.text}: ${target}`, { code, source: "upstream", operation: "proxy a request" });
}
