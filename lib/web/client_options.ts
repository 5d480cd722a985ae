/**
 * How an {@linkcode HttpClient} works.
 *
 * @module
 */
import { defaultHttpLimits, type HttpLimits } from "../http/limits.ts";
import { defaultHttpClusterOptions, type HttpClusterOptions } from "../proxy/http/options.ts";
import type { Sockets } from "../sockets/sockets.ts";
import { wholeNumber } from "./serve_options.ts";

/** Limits and times of a client. Times are in milliseconds; 0: without limit. */
export interface HttpClientOptions {
  /** The sockets to use, which stay open when the client is closed; without, it opens its own. */
  readonly sockets?: Sockets;
  /** Bounds for what is kept of a response's head and of what frames its body. */
  readonly limits?: Partial<HttpLimits>;
  /** Connections to one address of an origin, at the most; above it requests wait. 64 if not given. */
  readonly connectionsPerOrigin?: number;
  /** Requests that wait for a connection to one address, at the most; above it `ERR_POOL`. 1024 if not given. */
  readonly waitingRequests?: number;
  /** How long a request waits for a connection; then `ERR_POOL`. 10000 if not given. */
  readonly waitingTimeoutMs?: number;
  /** How long connecting may take; then `ERR_CONNECT_TIMEOUT`. 5000 if not given. */
  readonly connectTimeoutMs?: number;
  /** From the end of the request until the head of its response; then `ERR_RESPONSE_TIMEOUT`. 60000 if not given. */
  readonly responseTimeoutMs?: number;
  /**
   * How long a body may stand still that is wanted, in either direction; then `ERR_BODY_TIMEOUT`. It may take up to
   * twice as long. 60000 if not given.
   */
  readonly bodyTimeoutMs?: number;
  /** How long a connection is kept without a request, during which the process stays alive. 10000 if not given. */
  readonly idleTimeoutMs?: number;
}

/** @internal The options with nothing left open. */
export interface CompleteClientOptions {
  readonly limits: HttpLimits;
  readonly responseTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly cluster: HttpClusterOptions;
}

/** @internal Fill in what is not given. Throws a RingwayError for a number that can't be meant. */
export function completeClientOptions(options: HttpClientOptions): CompleteClientOptions {
  return {
    limits: { ...defaultHttpLimits, ...options.limits },
    responseTimeoutMs: wholeNumber(options, "responseTimeoutMs", 60_000, 0),
    bodyTimeoutMs: wholeNumber(options, "bodyTimeoutMs", 60_000, 0),
    cluster: {
      ...defaultHttpClusterOptions,
      connectTimeoutMs: wholeNumber(options, "connectTimeoutMs", 5000, 0),
      upstreamConnections: wholeNumber(options, "connectionsPerOrigin", 64, 1),
      upstreamIdleTimeoutMs: wholeNumber(options, "idleTimeoutMs", 10_000, 1),
      pendingRequests: wholeNumber(options, "waitingRequests", 1024, 0),
      pendingTimeoutMs: wholeNumber(options, "waitingTimeoutMs", 10_000, 0),
    },
  };
}
