/**
 * Why an endpoint could not be asked, in words.
 *
 * @module
 */
import { connectErrnoOf } from "../../net/default/errno.ts";
import { errnoName } from "../../ring/errors.ts";

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ENOENT: "no such socket",
  EACCES: "permission denied",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connecting timed out",
  EMFILE: "this process has too many open files",
};

/** The words for an error of `node:net`. */
export function failureText(error: unknown): string {
  return TEXTS[errnoName(connectErrnoOf(error))] ?? (error instanceof Error ? error.message : String(error));
}
