/**
 * What the built-in filters are given. Plain data: it is sent to workers.
 *
 * @module
 */

/** Which pages of other origins may use the responses (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export interface CorsOptions {
  /** Exact origins, `*`, or `https://*.example.com`. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeS: number;
}

/** Who is let in by name and password (RFC 7617). */
export interface BasicAuthOptions {
  readonly realm: string;
  /** By their names: `sha256:SALT:HASH`, `scrypt:...` or `plain:PASSWORD`. */
  readonly users: Readonly<Record<string, string>>;
}

/** Who is let in by address: addresses or networks such as `10.0.0.0/8`. */
export interface IpFilterOptions {
  /** Empty: all that is not denied. */
  readonly allow: readonly string[];
  /** Wins over `allow`. */
  readonly deny: readonly string[];
}

/** How many requests are let through. */
export interface RateLimitOptions {
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
  /** What is counted for itself: all requests together, each client's address, or each value of a field. */
  readonly key: "all" | "client" | "header";
  /** For `key` `"header"`. */
  readonly header: string;
  readonly maximumKeys: number;
  readonly status: number;
}

/** Which responses are compressed, and how. */
export interface CompressionOptions {
  /** The one that the client likes best is taken; of equals the first. */
  readonly algorithms: readonly ("br" | "gzip" | "deflate" | "zstd")[];
  readonly minimumBytes: number;
  /** Media types, without parameters. */
  readonly types: readonly string[];
  readonly level: number;
}

/** Which tokens are accepted (RFC 7519). One of `secret`, `jwksUrl` and `jwksFile` is not empty. */
export interface JwtOptions {
  readonly algorithms: readonly string[];
  readonly secret: string;
  readonly jwksUrl: string;
  readonly jwksFile: string;
  /** Empty: any. */
  readonly issuer: string;
  /** One of these; empty: any. */
  readonly audience: readonly string[];
  /** The field that has the token. */
  readonly header: string;
  /** The cookie that has the token; empty: none. */
  readonly cookie: string;
  /** Which claims are put into which fields of the request. */
  readonly claimsToHeaders: Readonly<Record<string, string>>;
  readonly clockToleranceS: number;
  /** Are requests without a token let through? */
  readonly isOptional: boolean;
}

/** Which requests are made slow or fail. */
export interface FaultOptions {
  readonly delayMs: number;
  readonly delayPercent: number;
  /** 0: none. */
  readonly abortStatus: number;
  readonly abortPercent: number;
}

/** A built-in filter and its options. */
export type FilterOptions =
  | { readonly type: "cors"; readonly options: CorsOptions }
  | { readonly type: "basic-auth"; readonly options: BasicAuthOptions }
  | { readonly type: "ip-filter"; readonly options: IpFilterOptions }
  | { readonly type: "rate-limit"; readonly options: RateLimitOptions }
  | { readonly type: "compression"; readonly options: CompressionOptions }
  | { readonly type: "jwt"; readonly options: JwtOptions }
  | { readonly type: "fault"; readonly options: FaultOptions };
