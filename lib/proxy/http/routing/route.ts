/**
 * A route, compiled: what is done with the requests that it is for.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { HashKeys } from "./hash_keys.ts";
import { checkFieldValue, HeaderEdits } from "./header_edits.ts";
import { PathView, pathEnd } from "./path.ts";
import { PathChange, RewriteError, withQuery } from "./path_change.ts";
import { checkHost, Redirector } from "./redirector.ts";
import { RequestMatcher } from "./request_matcher.ts";
import type { DirectResponse, RouteAction, RouteOptions } from "./route_options.ts";
import { WeightedClusters } from "./weighted_clusters.ts";

const NO_ACTION: RewriteError = new RewriteError("The route is no redirect");
const STATUS_MIN = 200;
const STATUS_MAX = 599;

/** See the module. */
export class Route {
  readonly options: RouteOptions;
  /** For logs; may be empty. */
  readonly name: string;
  /** The name of its virtual host. */
  readonly virtualHost: string;
  readonly action: RouteAction;
  readonly requestHeaders: HeaderEdits | null;
  readonly responseHeaders: HeaderEdits | null;
  /** The body of a direct response; empty for other actions. */
  readonly body: Uint8Array;
  /** Does it decide anything by the path, or make a new one of it? Then dot segments must be refused. */
  readonly looksAtPath: boolean;
  /** @internal Which requests it is for. */
  readonly matcher: RequestMatcher;
  readonly #clusters: WeightedClusters | null;
  readonly #only: string | null;
  readonly #change: PathChange | null;
  readonly #redirector: Redirector | null;
  readonly #keys: HashKeys;
  readonly #path: PathView = new PathView();

  /** Throws `ERR_CONFIG` for what can't be compiled. */
  constructor(options: RouteOptions, virtualHost: string) {
    const { action, match, rewrite } = options;
    this.options = options;
    this.name = options.name;
    this.virtualHost = virtualHost;
    this.action = action;
    this.matcher = new RequestMatcher(match);
    this.requestHeaders = options.requestHeaders === null ? null : new HeaderEdits(options.requestHeaders);
    this.responseHeaders = options.responseHeaders === null ? null : new HeaderEdits(options.responseHeaders);
    this.#clusters = action.type === "clusters" ? new WeightedClusters(action.clusters) : null;
    this.#only = this.#clusters?.only ?? null;
    this.#redirector = action.type === "redirect" ? new Redirector(action.redirect, match) : null;
    this.body = action.type === "response" ? responseBody(action.response) : new Uint8Array(0);
    this.#change = rewrite === null ? null : PathChange.from(rewrite, match, "rewrite");
    if (rewrite?.host !== undefined) expectNoProblem("rewrite.host", checkHost(rewrite.host, true));
    this.#keys = new HashKeys(options.hash);
    this.looksAtPath =
      this.matcher.looksAtPath || this.#change?.looksAtPath === true || this.#redirector?.looksAtPath === true;
  }

  /** The cluster for a request, by a random number from 0 up to but not with 1. Only for the action `clusters`. */
  pickCluster(random: number): string {
    return this.#only ?? this.#clusters?.pick(random) ?? "";
  }

  /** Path and query to send to the endpoint, not to be written to; null: those of the request, which may have none. */
  rewriteTarget(head: Head, memory: Uint8Array, base: number): Uint8Array | RewriteError | null {
    if (this.#change === null) return null;
    this.#path.read(head, memory, base);
    if (!this.#path.isPresent) return null;
    const path = this.#change.apply(this.#path);
    if (path instanceof RewriteError) return path;
    return withQuery(path, memory.subarray(base + pathEnd(head), base + head.pathEnd));
  }

  /**
   * The value of the Location field. Only for the action `redirect`.
   *
   * @param isTls Does the client speak to us by TLS?
   */
  redirectLocation(head: Head, memory: Uint8Array, base: number, isTls: boolean): string | RewriteError {
    return this.#redirector?.location(head, memory, base, isTls) ?? NO_ACTION;
  }

  /**
   * The hash to choose an endpoint by, 0 to 2^32 - 1, or -1 if the request has none of the keys.
   *
   * @param client The client's IP address as text.
   */
  hash(head: Head, memory: Uint8Array, base: number, client: Uint8Array): number {
    return this.#keys.of(head, memory, base, client);
  }

  /** The cluster that gets a copy of a request, or null; by a random number from 0 up to but not with 1. */
  mirrors(random: number): string | null {
    const { mirror } = this.options;
    return mirror !== null && random * 100 < mirror.percent ? mirror.cluster : null;
  }
}

/** What is wrong with a direct response, or null. */
export function checkDirectResponse({ status, contentType }: DirectResponse): string | null {
  if (!Number.isInteger(status) || status < STATUS_MIN || status > STATUS_MAX) {
    return `The status, ${status}, is no whole number from ${STATUS_MIN} to ${STATUS_MAX}`;
  }
  return checkFieldValue(contentType);
}

function responseBody(response: DirectResponse): Uint8Array {
  expectNoProblem("response", checkDirectResponse(response));
  return ascii(response.body);
}
