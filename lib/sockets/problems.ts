/**
 * What no caller can be told.
 *
 * @module
 */
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import type { DriverReporter } from "../net/driver.ts";
import { SocketUseError } from "./errors.ts";

/** A warning of the process, for those who do not want to be told themselves. */
export function warn(problem: RingwayError): void {
  process.emitWarning(problem.message, { type: "RingwayWarning", code: problem.code });
}

/** Makes problems of what a driver reports. */
export function driverReporter(onProblem: (problem: RingwayError) => void): DriverReporter {
  return {
    onHandlerError: (error) => onProblem(handlerError(error)),
    onNotice: (message) => onProblem(notice(message)),
  };
}

function handlerError(cause: unknown): SocketUseError {
  const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const message = `A handler threw, and its connection was reset: ${what}`;
  return new SocketUseError("ERR_SOCKET_HANDLER", "call a handler", message, cause);
}

function notice(message: string): RingwayError {
  return new RingwayError(message, { code: "ERR_NOTICE", source: "internal", operation: "use io_uring" });
}
