/**
 * Why the proxy answered a request itself, or cut an answer short: a flag for logs, a status, a sentence.
 *
 * @module
 */

import { STATISTIC, type StatisticName } from "../statistics.ts";

/** Why the proxy answered itself. The flags are those of Envoy's access log, where it has one. */
export class Reason {
  /** Two or three letters, for logs. They never change. */
  readonly flag: string;
  /** The status of the answer. */
  readonly status: number;
  /** A sentence for the client. It tells nothing about what is behind the proxy. */
  readonly text: string;
  /** @internal The number of its counter. */
  readonly statistic: number;

  /** @internal */
  constructor(flag: string, status: number, text: string) {
    this.flag = flag;
    this.status = status;
    this.text = text;
    this.statistic = STATISTIC[`http_reason_${flag.toLowerCase()}_total` as StatisticName];
  }
}

/** The request breaks a rule of HTTP or a limit; the status is the rule's. */
export const PROTOCOL_ERROR: Reason = new Reason("DPE", 400, "The request is not valid");
/** A method that the proxy does not forward. */
export const METHOD_REFUSED: Reason = new Reason("MR", 405, "The method is not allowed");
/** The request asked for the answer of this hop, by Max-Forwards (RFC 9110 section 7.6.2). */
export const LAST_HOP: Reason = new Reason("MF", 200, "The proxy answers itself, as Max-Forwards is 0");
/** The request's head took too long. */
export const HEAD_TIMEOUT: Reason = new Reason("RHT", 408, "The request's head did not arrive in time");
/** The request's body stood still for too long. */
export const BODY_TIMEOUT: Reason = new Reason("SI", 408, "The request's body did not arrive in time");
/** No endpoint could be connected to. */
export const CONNECT_FAILED: Reason = new Reason("UF", 502, "The upstream server could not be reached");
/** The endpoint ended the connection before its response. */
export const UPSTREAM_CLOSED: Reason = new Reason("UC", 502, "The upstream server closed the connection");
/** The endpoint's response breaks a rule of HTTP. */
export const UPSTREAM_ERROR: Reason = new Reason("UPE", 502, "The upstream server's response is not valid");
/** The cluster has no endpoint. */
export const NO_ENDPOINT: Reason = new Reason("UH", 503, "No upstream server is available");
/** Too many requests wait for a connection, or one waited too long. */
export const OVERFLOW: Reason = new Reason("UO", 503, "Too many requests are waiting");
/** The worker does not keep up; see `overload.ts`. */
export const OVERLOADED: Reason = new Reason("OM", 503, "The proxy is overloaded");
/** The endpoint took too long to answer. */
export const RESPONSE_TIMEOUT: Reason = new Reason("UT", 504, "The upstream server did not respond in time");
/** No route is for the request. */
export const NO_ROUTE: Reason = new Reason("NR", 404, "Nothing is served here");
/** The path could be read in two ways, or a route's rewrite makes an invalid one of it. */
export const REWRITE_FAILED: Reason = new Reason("RW", 500, "The request could not be rewritten");
/** The route answers itself: a redirect, or a direct response; the status is the route's. */
export const ROUTE_ANSWER: Reason = new Reason("DR", 200, "The route answers itself");
/** A filter answered; the status is the filter's. */
export const FILTER_ANSWER: Reason = new Reason("FR", 200, "A filter answered");
/** A filter threw. */
export const FILTER_FAILED: Reason = new Reason("FE", 500, "The request could not be processed");
/** A filter took too long. */
export const FILTER_TIMEOUT: Reason = new Reason("FT", 504, "The request was not processed in time");
/** A filter wanted all of a body that is longer than it allows; 502 for a response's. */
export const BODY_TOO_LONG: Reason = new Reason("BL", 413, "The body is too long");
/** The client ended the connection before its response was complete. No answer is sent then. */
export const CLIENT_CLOSED: Reason = new Reason("DC", 499, "The client closed the connection");
