/**
 * What the built-in filters are told. Plain data: it is sent to workers, where `createFilter` makes filters of it.
 *
 * @module
 */

/** For {@linkcode cors}. */
export interface CorsOptions {
  /** Origins as browsers write them: `https://example.com`, `https://*.example.com`, `null`; or `*` for all. */
  readonly allowOrigins: readonly string[];
  /** In capital letters; `*`: all. GET, HEAD and POST need not be named. */
  readonly allowMethods: readonly string[];
  /** Names of request fields; `*`: all but Authorization. */
  readonly allowHeaders: readonly string[];
  /** Names of response fields that scripts may read; `*`: all. */
  readonly exposeHeaders: readonly string[];
  /** May requests carry cookies and Authorization? Not together with a `*`. */
  readonly allowCredentials: boolean;
  /** How long browsers may keep the answer to a preflight, in seconds; 0: not at all. */
  readonly maxAgeS: number;
}

/** For {@linkcode basicAuth}. */
export interface BasicAuthOptions {
  /** What browsers show; printable ASCII. */
  readonly realm: string;
  /** Users and the hashes of their passwords, see {@linkcode checkPassword}. */
  readonly users: Readonly<Record<string, string>>;
}

/** For {@linkcode ipFilter}. IP addresses, or networks such as `10.0.0.0/8`. */
export interface IpFilterOptions {
  /** Empty: all that is not denied. */
  readonly allow: readonly string[];
  /** Wins over `allow`. */
  readonly deny: readonly string[];
}

/** For {@linkcode rateLimit}. */
export interface RateLimitOptions {
  /** Requests in `perMs`, over all workers; above 0. */
  readonly requests: number;
  /** Above 0. */
  readonly perMs: number;
  /** How many may come at once, over all workers; 0: as many as `requests`. */
  readonly burst: number;
  /** What has a limit of its own: `all` requests together, each `client`, or each value of a `header`. */
  readonly key: "all" | "client" | "header";
  /** The name of the field, for the key `header`. Requests without it have one limit together. */
  readonly header: string;
  /** How many clients or values a worker remembers; beyond, the one that was not seen for longest is forgotten. */
  readonly maximumKeys: number;
  /** Of the answer to what is too much; 400 to 599. */
  readonly status: number;
}

/** For {@linkcode compression}. */
export interface CompressionOptions {
  /** The one that the client likes best is taken, of several the first. */
  readonly algorithms: readonly ("br" | "gzip" | "deflate" | "zstd")[];
  /** Shorter bodies are left as they are, where their length is known. */
  readonly minimumBytes: number;
  /** Media types, such as `application/json` or `text/*`. */
  readonly types: readonly string[];
  /** 1 (fast) to 11 (small); 0: usual for content that is made on the fly. */
  readonly level: number;
}

/** For {@linkcode jwt}. Exactly one of `secret`, `jwksUrl` and `jwksFile` is not empty. */
export interface JwtOptions {
  /** Names of RFC 7518 and RFC 8037, such as `RS256`; HS256, HS384 and HS512 only with `secret`, others never. */
  readonly algorithms: readonly string[];
  /** At least as many bytes (UTF-8) as the algorithm's hash has: 32, 48 or 64. */
  readonly secret: string;
  /** Where a JSON Web Key Set is fetched from: `https:` or `http:`. */
  readonly jwksUrl: string;
  /** A file with a JSON Web Key Set. */
  readonly jwksFile: string;
  /** What `iss` has to be; empty: it is not looked at. */
  readonly issuer: string;
  /** One of these has to be in `aud`; empty: it is not looked at. */
  readonly audience: readonly string[];
  /** The request field with the token, `Bearer` before it; empty: none. */
  readonly header: string;
  /** The cookie with the token, if the field is missing; empty: none. */
  readonly cookie: string;
  /** Claims, and the request fields that are set to their values. */
  readonly claimsToHeaders: Readonly<Record<string, string>>;
  /** How far clocks may be apart, in seconds. */
  readonly clockToleranceS: number;
  /** Do requests without a token pass? */
  readonly isOptional: boolean;
}

/** For {@linkcode fault}. Percentages are 0 to 100, of the requests. */
export interface FaultOptions {
  /** 0 to 600,000 */
  readonly delayMs: number;
  /** 0 to 100, of the requests. */
  readonly delayPercent: number;
  /** 200 to 599 */
  readonly abortStatus: number;
  /** 0 to 100, of the requests. */
  readonly abortPercent: number;
}

/** A built-in filter and what it is told. */
export type FilterOptions =
  | { readonly type: "cors"; readonly options: CorsOptions }
  | { readonly type: "basic-auth"; readonly options: BasicAuthOptions }
  | { readonly type: "ip-filter"; readonly options: IpFilterOptions }
  | { readonly type: "rate-limit"; readonly options: RateLimitOptions }
  | { readonly type: "compression"; readonly options: CompressionOptions }
  | { readonly type: "jwt"; readonly options: JwtOptions }
  | { readonly type: "fault"; readonly options: FaultOptions };
