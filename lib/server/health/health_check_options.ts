/**
 * How the main thread finds out whether an endpoint is good.
 *
 * @module
 */

/** How endpoints are asked. */
export interface HealthCheckOptions {
  /** `tcp`: a connection can be made; `http`: a request has an expected answer. */
  readonly type: "tcp" | "http";
  /** For `http`: the target, such as `/healthz`. */
  readonly path: string;
  /** For `http`: the Host field; empty: the endpoint's address. */
  readonly host: string;
  /** For `http`: statuses from and to, that are good. */
  readonly expectedStatuses: readonly (readonly [from: number, to: number])[];
  /** Another port than the endpoint's; 0: the same. */
  readonly port: number;
  /** From the end of a check to the next one, in milliseconds; a random part of 10 % is added. */
  readonly intervalMs: number;
  /** How long a check may take. */
  readonly timeoutMs: number;
  /** Bad checks in a row until an endpoint that was good is bad. */
  readonly unhealthyThreshold: number;
  /** Good checks in a row until it is good again; at the start one check decides. */
  readonly healthyThreshold: number;
}

/** What is wrong with a path that is asked for, which may have a query, or `null`. */
export function checkProbePath(path: string): string | null {
  if (/^\/[\x21\x22\x24-\x7e]*$/.test(path)) return null;
  return `${JSON.stringify(path)}: it begins with "/", and has visible ASCII characters but "#"`;
}
