/**
 * Routes in a configuration file, as its author writes them. What is said about each key comes from
 * `route_schema.ts`: edit it there, and run test/support/write_config_docs.ts.
 *
 * @module
 */
import type { RetryCondition } from "../../proxy/http/retry_options.ts";

/** How a text has to be: exactly one of these. */
export interface TextMatchSection {
  /** The whole value. Exactly one of this and the next three. */
  readonly exact?: string | undefined;
  /** The beginning of the value. */
  readonly prefix?: string | undefined;
  /** A regular expression (ECMAScript, flag `u`) that matches the whole value. */
  readonly regex?: string | undefined;
  /** Whether it is there, with any value, or not. */
  readonly present?: boolean | undefined;
}

/** How a field, or a parameter of the query, has to be. */
export interface NamedMatchSection extends TextMatchSection {
  /** Its name in logs; without it the first domain. */
  readonly name: string;
}

/** Which requests. */
export interface MatchSection {
  /** The whole path. At most one of this and the next two. */
  readonly path?: string | undefined;
  /** The beginning of the path in whole segments: `/api` is `/api` and `/api/x`, and not `/apis`. */
  readonly prefix?: string | undefined;
  /** A regular expression (ECMAScript, flag `u`) that matches the whole path, without the query. */
  readonly regex?: string | undefined;
  /** Any of these; without it all. */
  readonly methods?: readonly string[] | undefined;
  /** Fields, which all have to be as they say. */
  readonly headers?: readonly NamedMatchSection[] | undefined;
  /** Parameters of the query, percent-decoded; all as they say. */
  readonly query?: readonly NamedMatchSection[] | undefined;
}

/** Changes to the fields of a head. */
export interface HeaderChangesSection {
  /** Fields that are replaced: a text, or a list of texts, by name. */
  readonly set?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Fields that are added to those of the same name: a text, or a list of texts, by name. */
  readonly add?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Fields that are removed, which is done first. */
  readonly remove?: readonly string[] | undefined;
}

/** What is replaced in a path, and by what. */
export interface ReplaceSection {
  /** A regular expression (ECMAScript, flag `u`); all of its matches are replaced. */
  readonly pattern: string;
  /** What takes their place; `$1` and `$<name>` are what groups matched. */
  readonly replacement: string;
}

/** What is changed about a request's target. */
export interface RewriteSection {
  /** In the place of `match.prefix`. At most one of this and the next two. */
  readonly prefix?: string | undefined;
  /** In the place of the whole path. */
  readonly path?: string | undefined;
  /** Replaces parts of the path. */
  readonly regex?: ReplaceSection | undefined;
  /** The Host field. At most one of this and the next. */
  readonly host?: string | undefined;
  /** The Host field is the endpoint's address. By default false. */
  readonly host_from_endpoint?: boolean | undefined;
}

/** Where a client is sent to. */
export interface RedirectSection {
  /** The scheme. What is not given stays as it was. */
  readonly scheme?: "http" | "https" | undefined;
  /** The host. */
  readonly host?: string | undefined;
  /** The port. 1 to 65535. */
  readonly port?: number | undefined;
  /** In the place of the whole path. At most one of this and the next two. */
  readonly path?: string | undefined;
  /** In the place of `match.prefix`. */
  readonly prefix?: string | undefined;
  /** Replaces parts of the path. */
  readonly regex?: ReplaceSection | undefined;
  /** Leave the query out. By default false. */
  readonly strip_query?: boolean | undefined;
  /**
   * The status: 301 and 308 are for ever; with 307 and 308 the method stays as it was. undefined to undefined; by
   * default 301.
   */
  readonly status?: 301 | 302 | 303 | 307 | 308 | undefined;
}

/** An answer without an endpoint. */
export interface ResponseSection {
  /** The status. 200 to 599; by default 200. */
  readonly status?: number | undefined;
  /** The body. */
  readonly body?: string | undefined;
  /** The body's media type. By default `text/plain`. */
  readonly content_type?: string | undefined;
}

/** A cluster and its share of the requests. */
export interface WeightedClusterSection {
  /** The cluster, by its name. */
  readonly cluster: string;
  /** Its share, in proportion to the sum of all. 0 to 1000000; by default 1. */
  readonly weight?: number | undefined;
}

/** A copy of requests. */
export interface MirrorSection {
  /** The cluster that gets the copies, by its name. */
  readonly cluster: string;
  /** The part of the requests that is copied. 0 to 100; by default 100. */
  readonly percent?: number | undefined;
}

/** By what an endpoint is chosen: exactly one of these. */
export interface HashSection {
  /** The value of a field, by its name. Exactly one of this and the next three. */
  readonly header?: string | undefined;
  /** The value of a cookie, by its name. */
  readonly cookie?: string | undefined;
  /** The value of a parameter of the query, by its name. */
  readonly query?: string | undefined;
  /** The client's IP address; with `trusted_hops`, as the proxies in front say. */
  readonly source?: true | undefined;
}

/** When a request is sent again. */
export interface RetrySection {
  /**
   * Reasons to send a request again: `connect-failure` (nothing was sent), `reset` (the connection ended before any
   * part of the response), `timeout` (`per_try_timeout_ms` or `response_timeout_ms` is over), `gateway-error` (502,
   * 503, 504), `5xx` (all of these, any status of 500 or more, and responses that are not valid), `conflict` (409).
   */
  readonly on?: readonly RetryCondition[] | undefined;
  /** Further statuses that are a reason. */
  readonly statuses?: readonly number[] | undefined;
  /** How often a request is sent again. 1 to 100; by default 2. */
  readonly attempts?: number | undefined;
  /**
   * Send requests again whose method is not idempotent, such as POST, too; they may then take effect twice. By default
   * false.
   */
  readonly all_methods?: boolean | undefined;
  /** How long one try may take until its response; 0: as long as all of them. 0 to 2061083647 ms; by default 0. */
  readonly per_try_timeout_ms?: number | undefined;
  /**
   * The longest wait before the second try, doubled for each further one; a random part of it is waited. 0: none. 0 to
   * 2061083647 ms; by default 25.
   */
  readonly back_off_ms?: number | undefined;
  /** The longest wait before any try. 0 to 2061083647 ms; by default 250. */
  readonly max_back_off_ms?: number | undefined;
  /**
   * Bytes of a request's body that are kept, to be sent again; a request with a longer one is sent once. 0 to 16777216;
   * by default 65536.
   */
  readonly body_bytes?: number | undefined;
}

/** Which requests go where: exactly one of `cluster`, `clusters`, `redirect` and `response`. */
export interface RouteSection {
  /** Its name in logs. */
  readonly name?: string | undefined;
  /** Which requests; all that is given has to match. Without it all. */
  readonly match?: MatchSection | undefined;
  /** The cluster to relay to, by its name. Exactly one of this and the next three. */
  readonly cluster?: string | undefined;
  /** Several clusters, each with its share of the requests. */
  readonly clusters?: readonly WeightedClusterSection[] | undefined;
  /** Send the client to another place. */
  readonly redirect?: RedirectSection | undefined;
  /** Answer without an endpoint. */
  readonly response?: ResponseSection | undefined;
  /** Changes to the path and the Host field. */
  readonly rewrite?: RewriteSection | undefined;
  /** Changes to the fields of requests. */
  readonly request_headers?: HeaderChangesSection | undefined;
  /** Changes to the fields of responses. */
  readonly response_headers?: HeaderChangesSection | undefined;
  /** Send copies of requests to another cluster, whose responses are dropped. */
  readonly mirror?: MirrorSection | undefined;
  /** By what the balancers `ring_hash` and `maglev` choose: the first of these that a request has. */
  readonly hash?: readonly HashSection[] | undefined;
  /** When a request is sent again; without it only when nothing can have been processed, see http.md. */
  readonly retry?: RetrySection | undefined;
  /**
   * How long a request may take to the end of its response, with all tries; then 504. 0: no limit. Not for upgrades. 0
   * to 2061083647 ms; by default 0.
   */
  readonly timeout_ms?: number | undefined;
  /** In the place of the listener's `http.response_timeout_ms`. 0 to 2061083647 ms. */
  readonly response_timeout_ms?: number | undefined;
  /** In the place of the listener's `http.stream_idle_timeout_ms`. 0 to 2061083647 ms. */
  readonly stream_idle_timeout_ms?: number | undefined;
  /** Make a tunnel to an endpoint of CONNECT; the host that the client names is not looked at. By default false. */
  readonly allow_connect?: boolean | undefined;
}

/** Routes for some hosts. */
export interface VirtualHostSection {
  /** Its name in logs; without it the first domain. */
  readonly name?: string | undefined;
  /**
   * Hosts without port: `example.com`, `*.example.com`, `example.*`, or `*` for all others. A whole name wins over a
   * wildcard, and a longer wildcard over a shorter one.
   */
  readonly domains: readonly string[];
  /** The first one that matches is taken; without one, 404. */
  readonly routes: readonly RouteSection[];
}
