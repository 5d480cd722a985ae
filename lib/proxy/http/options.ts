/**
 * Limits and times of an HTTP proxy.
 *
 * @module
 */
import { defaultHttpLimits, type HttpLimits } from "../../http/limits.ts";
import type { RetryBudget } from "./retry_options.ts";

/** Limits and times of the connections to a cluster, on one worker. Times are in milliseconds; 0: without limit. */
export interface HttpClusterOptions {
  /** How long connecting to an endpoint may take. */
  readonly connectTimeoutMs: number;
  /** Endpoints that are tried for a request, at the most. */
  readonly connectAttempts: number;
  /** Connections to one endpoint, at the most; above it requests wait. */
  readonly upstreamConnections: number;
  /** How long a connection to an endpoint is kept without a request. */
  readonly upstreamIdleTimeoutMs: number;
  /** Requests on one connection to an endpoint, at the most; 0: without limit. */
  readonly requestsPerConnection: number;
  /** Requests that wait for a connection to one endpoint, at the most; above it 503. */
  readonly pendingRequests: number;
  /** How long a request waits for a connection; then 503. */
  readonly pendingTimeoutMs: number;
  /** Requests that are under way, at the most; above it 503. 0: without limit. */
  readonly maximumRequests: number;
  /** Requests that are sent again at the same time, at the most. 0: by the budget only. */
  readonly maximumRetries: number;
  /** How many requests are sent again at the same time, as a part of those under way. */
  readonly retryBudget: RetryBudget;
}

/** Limits and times of an HTTP proxy on one worker. Times are in milliseconds; 0: without limit. */
export interface HttpProxyOptions {
  /** Of heads and of what frames bodies. */
  readonly limits: HttpLimits;
  /** From the first byte of a request until its head is complete; then 408. */
  readonly headTimeoutMs: number;
  /** How long a client's connection may be without a request. */
  readonly keepAliveTimeoutMs: number;
  /** From the end of the request until the head of its response; then 504. */
  readonly responseTimeoutMs: number;
  /** How long a body may stand still, in either direction, and a tunnel in both. */
  readonly streamIdleTimeoutMs: number;
  /** Clients' connections at the same time, at the most; above it none is accepted. */
  readonly maximumConnections: number;
  /** Bytes of a request's body that are read in vain after its answer, before the connection is closed. */
  readonly lingerBytes: number;
  /**
   * Proxies in front of this one whose X-Forwarded-*, Forwarded and X-Request-Id are believed and added to.
   * With 0, what the client says there is removed.
   */
  readonly trustedHops: number;
  /** Is the field Forwarded (RFC 7239) written too? */
  readonly writesForwarded: boolean;
  /** How long a hook of a filter may take; then 504. */
  readonly filterTimeoutMs: number;
}

/** Everything but the number of connections. */
export const defaultHttpProxyOptions: Omit<HttpProxyOptions, "maximumConnections"> = {
  limits: defaultHttpLimits,
  headTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
  responseTimeoutMs: 60_000,
  streamIdleTimeoutMs: 60_000,
  lingerBytes: 262_144,
  trustedHops: 0,
  writesForwarded: false,
  filterTimeoutMs: 10_000,
};

/** Everything. */
export const defaultHttpClusterOptions: HttpClusterOptions = {
  connectTimeoutMs: 5000,
  connectAttempts: 3,
  upstreamConnections: 1024,
  upstreamIdleTimeoutMs: 60_000,
  requestsPerConnection: 0,
  pendingRequests: 1024,
  pendingTimeoutMs: 5000,
  maximumRequests: 0,
  maximumRetries: 0,
  retryBudget: { percent: 20, minimum: 3 },
};
