/**
 * Which requests go where, and what is changed about them. Plain data: it is sent to workers, where a
 * `RouteTable` is made of it.
 *
 * @module
 */
import type { RetryOptions } from "../retry_options.ts";

/** How a text has to be. Exactly one of the first four. */
export interface TextMatch {
  /** The whole text. */
  readonly exact?: string;
  /** Its beginning. */
  readonly prefix?: string;
  /** A regular expression (ECMAScript, flag `u`) that the whole text has to match. */
  readonly regex?: string;
  /** Is it there (true), or not (false)? */
  readonly present?: boolean;
}

/** A field or a query parameter, and how its value has to be. Of several of that name one has to match. */
export interface NamedMatch extends TextMatch {
  /** The name of the field or of the parameter. */
  readonly name: string;
}

/** Which requests. All that is given has to match; nothing given: all requests. */
export interface RouteMatch {
  /** The whole path, without the query. `%61` is `a` in a path, see path.ts. */
  readonly path?: string;
  /** The beginning of the path, in whole segments: `/api` is `/api` and `/api/x`, not `/apis`. */
  readonly prefix?: string;
  /** A regular expression (ECMAScript, flag `u`) that the whole path has to match, without the query. */
  readonly regex?: string;
  /** Any of these methods, in capital letters; empty: all. */
  readonly methods: readonly string[];
  /** All of them. */
  readonly headers: readonly NamedMatch[];
  /** Names and values are compared after percent-decoding. */
  readonly query: readonly NamedMatch[];
}

/** Changes to the fields of a head: first what is removed, then what is set, then what is added. */
export interface HeaderChanges {
  /** Name and value; fields of that name are replaced. */
  readonly set: readonly (readonly [name: string, value: string])[];
  /** Name and value; fields of that name stay. */
  readonly add: readonly (readonly [name: string, value: string])[];
  /** Names of fields. */
  readonly remove: readonly string[];
}

/** What is changed about where a request goes to. At most one of the first three, at most one of the last two. */
export interface Rewrite {
  /** In the place of the route's prefix. */
  readonly prefix?: string;
  /** In the place of the whole path. */
  readonly path?: string;
  /** All matches of a pattern in the path are replaced; `$1`, `$<name>` as in String.replace. */
  readonly regex?: { readonly pattern: string; readonly replacement: string };
  /** The Host field. */
  readonly host?: string;
  /** The Host field is the endpoint's address, as the cluster has it. */
  readonly hostFromEndpoint?: boolean;
}

/** Where a client is sent to. What is not given is as it was. */
export interface Redirect {
  /** The scheme. */
  readonly scheme?: "http" | "https";
  /** The host, without port. */
  readonly host?: string;
  /** 1 to 65535 */
  readonly port?: number;
  /** In the place of the whole path. */
  readonly path?: string;
  /** In the place of the route's prefix. */
  readonly prefix?: string;
  /** All matches of a pattern in the path are replaced; `$1`, `$<name>` as in String.replace. */
  readonly regex?: { readonly pattern: string; readonly replacement: string };
  /** Is the query left out? */
  readonly stripQuery: boolean;
  /** 301 and 308 are for ever; with 307 and 308 the method stays as it was. */
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** An answer without an endpoint. */
export interface DirectResponse {
  /** 200 to 599 */
  readonly status: number;
  /** Its body, sent as UTF-8. */
  readonly body: string;
  /** Its media type. */
  readonly contentType: string;
}

/** A cluster and its share of the requests. */
export interface WeightedCluster {
  /** The cluster, by its name. */
  readonly cluster: string;
  /** 0 to 1,000,000; the shares are those of the sum. */
  readonly weight: number;
}

/** By what endpoints are chosen by the balancers ring-hash and maglev; the first one that a request has. */
export type HashKey =
  | { readonly type: "header"; readonly name: string }
  | { readonly type: "cookie"; readonly name: string }
  | { readonly type: "query"; readonly name: string }
  /** The client's IP address. */
  | { readonly type: "source" };

/** Where a request goes: one of three. */
export type RouteAction =
  | { readonly type: "clusters"; readonly clusters: readonly WeightedCluster[] }
  | { readonly type: "redirect"; readonly redirect: Redirect }
  | { readonly type: "response"; readonly response: DirectResponse };

/** A copy of requests to another cluster, whose responses nobody sees. */
export interface Mirror {
  /** The cluster, by its name. */
  readonly cluster: string;
  /** 0 to 100, of the requests. */
  readonly percent: number;
}

/** Which requests go where. */
export interface RouteOptions {
  /** For logs; may be empty. */
  readonly name: string;
  /** Which requests. */
  readonly match: RouteMatch;
  /** Where they go. */
  readonly action: RouteAction;
  /** What is changed about the target; `null`: nothing. */
  readonly rewrite: Rewrite | null;
  /** What is changed about the fields of requests; `null`: nothing. */
  readonly requestHeaders: HeaderChanges | null;
  /** What is changed about the fields of responses; `null`: nothing. */
  readonly responseHeaders: HeaderChanges | null;
  /** Where copies go; `null`: nowhere. */
  readonly mirror: Mirror | null;
  /** By what the balancers `ring-hash` and `maglev` choose; the first one that a request has. */
  readonly hash: readonly HashKey[];
  /** `null`: only what is always safe, see docs/http.md. */
  readonly retry: RetryOptions | null;
  /** From the request's head to the end of the response, all tries included; 0: no limit. Not for upgrades. */
  readonly timeoutMs: number;
  /** `null`: the listener's. */
  readonly responseTimeoutMs: number | null;
  /** `null`: the listener's. */
  readonly streamIdleTimeoutMs: number | null;
  /** Is CONNECT to this route's clusters made a tunnel? The target's authority is not looked at. */
  readonly allowsConnect: boolean;
}

/** Routes for some hosts. The first one that matches is taken. */
export interface VirtualHostOptions {
  /** For logs. */
  readonly name: string;
  /**
   * `example.com`, `*.example.com`, `example.*` or `*`, without port, in any case. An exact name wins over a
   * wildcard, a longer wildcard over a shorter one, a leading one over a trailing one.
   */
  readonly domains: readonly string[];
  /** The first one that matches is taken. */
  readonly routes: readonly RouteOptions[];
}
