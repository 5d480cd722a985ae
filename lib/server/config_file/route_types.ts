/**
 * Routes in a configuration file, as its author writes them. What each key means stands in `route_schema.ts`.
 *
 * @module
 */
import type { RetryCondition } from "../../proxy/http/retry_options.ts";

/** How a text has to be: exactly one of these. */
export interface TextMatchSection {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
  readonly present?: boolean | undefined;
}

/** How a field, or a parameter of the query, has to be. */
export interface NamedMatchSection extends TextMatchSection {
  readonly name: string;
}

/** Which requests. */
export interface MatchSection {
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly headers?: readonly NamedMatchSection[] | undefined;
  readonly query?: readonly NamedMatchSection[] | undefined;
}

/** Changes to the fields of a head. */
export interface HeaderChangesSection {
  readonly set?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly add?: Readonly<Record<string, string | readonly string[]>> | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** What is replaced in a path, and by what. */
export interface ReplaceSection {
  readonly pattern: string;
  readonly replacement: string;
}

/** What is changed about a request's target. */
export interface RewriteSection {
  readonly prefix?: string | undefined;
  readonly path?: string | undefined;
  readonly regex?: ReplaceSection | undefined;
  readonly host?: string | undefined;
  readonly host_from_endpoint?: boolean | undefined;
}

/** Where a client is sent to. */
export interface RedirectSection {
  readonly scheme?: "http" | "https" | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: ReplaceSection | undefined;
  readonly strip_query?: boolean | undefined;
  readonly status?: 301 | 302 | 303 | 307 | 308 | undefined;
}

/** An answer without an endpoint. */
export interface ResponseSection {
  readonly status?: number | undefined;
  readonly body?: string | undefined;
  readonly content_type?: string | undefined;
}

/** A cluster and its share of the requests. */
export interface WeightedClusterSection {
  readonly cluster: string;
  readonly weight?: number | undefined;
}

/** A copy of requests. */
export interface MirrorSection {
  readonly cluster: string;
  readonly percent?: number | undefined;
}

/** By what an endpoint is chosen: exactly one of these. */
export interface HashSection {
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
  readonly source?: true | undefined;
}

/** When a request is sent again. */
export interface RetrySection {
  readonly on?: readonly RetryCondition[] | undefined;
  readonly statuses?: readonly number[] | undefined;
  readonly attempts?: number | undefined;
  readonly all_methods?: boolean | undefined;
  readonly per_try_timeout_ms?: number | undefined;
  readonly back_off_ms?: number | undefined;
  readonly max_back_off_ms?: number | undefined;
  readonly body_bytes?: number | undefined;
}

/** Which requests go where: exactly one of `cluster`, `clusters`, `redirect` and `response`. */
export interface RouteSection {
  readonly name?: string | undefined;
  readonly match?: MatchSection | undefined;
  readonly cluster?: string | undefined;
  readonly clusters?: readonly WeightedClusterSection[] | undefined;
  readonly redirect?: RedirectSection | undefined;
  readonly response?: ResponseSection | undefined;
  readonly rewrite?: RewriteSection | undefined;
  readonly request_headers?: HeaderChangesSection | undefined;
  readonly response_headers?: HeaderChangesSection | undefined;
  readonly mirror?: MirrorSection | undefined;
  readonly hash?: readonly HashSection[] | undefined;
  readonly retry?: RetrySection | undefined;
  readonly timeout_ms?: number | undefined;
  readonly response_timeout_ms?: number | undefined;
  readonly stream_idle_timeout_ms?: number | undefined;
  readonly allow_connect?: boolean | undefined;
}

/** Routes for some hosts. */
export interface VirtualHostSection {
  readonly name?: string | undefined;
  readonly domains: readonly string[];
  readonly routes: readonly RouteSection[];
}
