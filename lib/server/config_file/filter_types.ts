/**
 * Filters in a configuration file, as its author writes them. What is said about each key comes from
 * `filter_schema.ts`: edit it there, and run test/support/write_config_docs.ts.
 *
 * @module
 */
import type { HttpFilter } from "../../proxy/http/filters/filter.ts";
import type { MatchSection } from "./route_types.ts";

/** What all filters have. */
export interface FilterSectionBase {
  /** Only these requests; without it all. */
  readonly match?: MatchSection | undefined;
}

/** Lets pages of other origins use the responses. */
export interface CorsSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "cors";
  /** Their origins: `https://example.com`, `https://*.example.com`, or `*` for all. */
  readonly allow_origins: readonly string[];
  /** Methods that they may use. By default [`GET`, `HEAD`, `POST`]. */
  readonly allow_methods?: readonly string[] | undefined;
  /** Fields that they may send. */
  readonly allow_headers?: readonly string[] | undefined;
  /** Fields of responses that they may read. */
  readonly expose_headers?: readonly string[] | undefined;
  /** Let them send cookies. By default false. */
  readonly allow_credentials?: boolean | undefined;
  /** Seconds for which a browser remembers what is allowed. 0 to 2147483647 s; by default 600. */
  readonly max_age_s?: number | undefined;
}

/** Asks for a name and a password. */
export interface BasicAuthSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "basic_auth";
  /** What they are for, in words. By default `ringway`. */
  readonly realm?: string | undefined;
  /** Passwords by name: `scrypt:N:r:p:SALT:HASH`, `sha256:SALT:HASH`, or `plain:PASSWORD`; see filters.md. */
  readonly users: Readonly<Record<string, string>>;
}

/** Lets in, or keeps out, by the client's address. */
export interface IpFilterSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "ip_filter";
  /** Addresses and networks that are let in; empty: all that are not denied. */
  readonly allow?: readonly string[] | undefined;
  /** Addresses and networks that are kept out, even if they are allowed. */
  readonly deny?: readonly string[] | undefined;
}

/** Refuses requests that are too many. */
export interface RateLimitSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "rate_limit";
  /** Requests that are let through in `per_ms`, over all workers. 1 to 1000000000. */
  readonly requests: number;
  /** The time for so many `requests`. 1 to 2061083647 ms; by default 1000. */
  readonly per_ms?: number | undefined;
  /** So many may come at once after a time without any; without it as many as `requests`. 1 to 1000000000. */
  readonly burst?: number | undefined;
  /**
   * What is counted for itself: `all` requests together, each `client`'s address, or each value of a `header`. By
   * default `client`.
   */
  readonly key?: "all" | "client" | "header" | undefined;
  /** The field, for `key: header`. */
  readonly header?: string | undefined;
  /** How many clients, or values, are remembered. 1 to 4194304; by default 100000. */
  readonly max_keys?: number | undefined;
  /** The status of the refusal. 400 to 599; by default 429. */
  readonly status?: number | undefined;
}

/** Compresses responses. */
export interface CompressionSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "compression";
  /** Which are used; of those that a client likes equally, the first. By default [`br`, `gzip`]. */
  readonly algorithms?: readonly ("br" | "gzip" | "deflate" | "zstd")[] | undefined;
  /** Shorter bodies are left as they are. 0 to 1073741824; by default 1024. */
  readonly min_bytes?: number | undefined;
  /**
   * Which media types. By default [`text/html`, `text/css`, `text/plain`, `text/javascript`, `application/javascript`,
   * `application/json`, `application/xml`, `image/svg+xml`].
   */
  readonly types?: readonly string[] | undefined;
  /** From 1, fast, to 11, small; 0: what is usual on the fly. 0 to 11; by default 0. */
  readonly level?: number | undefined;
}

/** Lets in who has a signed token. */
export interface JwtSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "jwt";
  /** Which are accepted; without it HS256 with a `secret`, and RS256 and ES256 with public keys. */
  readonly algorithms?: readonly string[] | undefined;
  /** The key of HS256 and its like. Exactly one of this and the next two. */
  readonly secret?: string | undefined;
  /** From where public keys (JWKS) are fetched. */
  readonly jwks_url?: string | undefined;
  /** The file that has public keys (JWKS). */
  readonly jwks_file?: string | undefined;
  /** What the claim `iss` has to be; empty: anything. */
  readonly issuer?: string | undefined;
  /** What the claim `aud` has to have, one of these; empty: anything. */
  readonly audience?: string | readonly string[] | undefined;
  /** The field that has the token, with or without `Bearer`. By default `Authorization`. */
  readonly header?: string | undefined;
  /** The cookie that has it, if the field is not there. */
  readonly cookie?: string | undefined;
  /** Claims that are put into fields of the request, whose values from the client are removed. */
  readonly claims_to_headers?: Readonly<Record<string, string>> | undefined;
  /** Seconds by which clocks may differ. 0 to 3600 s; by default 5. */
  readonly clock_tolerance_s?: number | undefined;
  /** Let requests without a token in; those with a bad one never are. By default false. */
  readonly optional?: boolean | undefined;
}

/** Makes some requests slow, or fail, to try out what happens then. */
export interface FaultSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "fault";
  /** How long requests are held back; 0: not at all. 0 to 600000 ms; by default 0. */
  readonly delay_ms?: number | undefined;
  /** The part of the requests that is held back. 0 to 100; by default 100. */
  readonly delay_percent?: number | undefined;
  /** The status that is answered in the place of an endpoint. 200 to 599. */
  readonly abort_status?: number | undefined;
  /** The part of the requests that is answered so. 0 to 100; by default 100. */
  readonly abort_percent?: number | undefined;
}

/** One's own, in configurations in TypeScript. */
export interface CustomFilterSection extends FilterSectionBase {
  /** Which filter it is. */
  readonly type: "custom";
  /** The filter, an `HttpFilter`. */
  readonly filter: HttpFilter;
}

/** A filter: its `type`, and the options of that type. */
export type FilterSection =
  | CorsSection
  | BasicAuthSection
  | IpFilterSection
  | RateLimitSection
  | CompressionSection
  | JwtSection
  | FaultSection
  | CustomFilterSection;
