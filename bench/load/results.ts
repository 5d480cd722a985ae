/**
 * What load generators print: a line of JSON at the end.
 *
 * @module
 */

/** What wrk has counted. */
export interface WrkResult {
  readonly requests: number;
  /** With heads. */
  readonly bytes: number;
  readonly durationUs: number;
  readonly connectErrors: number;
  readonly readErrors: number;
  readonly writeErrors: number;
  readonly timeouts: number;
  /** Responses with a status of 400 or more. */
  readonly badStatuses: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** What `programs/churn.zig` has counted. */
export interface ChurnResult {
  readonly connections: number;
  readonly seconds: number;
}

/** What `programs/ping_pong.zig` has counted. */
export interface PingPongResult {
  readonly turns: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** What `programs/stall.zig` has counted. */
export interface StallResult {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
}

/** The last line of an output, which is JSON. */
export function parseResult<Result>(output: string): Result {
  const line = output.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`Not a result: "${line}"`);
  }
}

/** What went wrong with requests; `null` if nothing did. */
export function wrkFailure(result: WrkResult): string | null {
  const { requests, badStatuses, connectErrors, readErrors, writeErrors, timeouts } = result;
  const counts: [number, string][] = [
    [badStatuses, "responses were not 200"],
    [connectErrors, "connections failed"],
    [readErrors, "reads failed"],
    [writeErrors, "writes failed"],
    [timeouts, "requests timed out"],
  ];
  const failures = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  if (requests === 0) failures.push("no request was finished");
  return failures.length === 0 ? null : failures.join(", ");
}

/** User and system seconds of what a shell has run, from the second line of its `times`. */
export function parseTimes(text: string): number {
  const line = text.trim().split("\n").at(-1) ?? "";
  const [user, system] = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  if (user === undefined || system === undefined) throw new Error(`Not the times of a shell: "${line}"`);
  return user + system;
}
