/**
 * Why an endpoint could not be asked, in words.
 *
 * @module
 */

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ENOENT: "no such socket",
  EACCES: "permission denied",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connecting timed out",
  EMFILE: "too many open files here",
};

/** The words for an error of `node:net`. */
export function failureText(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return TEXTS[code] ?? (error instanceof Error ? error.message : String(error));
}
