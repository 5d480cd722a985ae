/**
 * Filters in a configuration file, as its author writes them. What each key means stands in `filter_schema.ts`.
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
  readonly type: "cors";
  readonly allow_origins: readonly string[];
  readonly allow_methods?: readonly string[] | undefined;
  readonly allow_headers?: readonly string[] | undefined;
  readonly expose_headers?: readonly string[] | undefined;
  readonly allow_credentials?: boolean | undefined;
  readonly max_age_s?: number | undefined;
}

/** Asks for a name and a password. */
export interface BasicAuthSection extends FilterSectionBase {
  readonly type: "basic_auth";
  readonly realm?: string | undefined;
  readonly users: Readonly<Record<string, string>>;
}

/** Lets in, or keeps out, by the client's address. */
export interface IpFilterSection extends FilterSectionBase {
  readonly type: "ip_filter";
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** Refuses requests that are too many. */
export interface RateLimitSection extends FilterSectionBase {
  readonly type: "rate_limit";
  readonly requests: number;
  readonly per_ms?: number | undefined;
  readonly burst?: number | undefined;
  readonly key?: "all" | "client" | "header" | undefined;
  readonly header?: string | undefined;
  readonly max_keys?: number | undefined;
  readonly status?: number | undefined;
}

/** Compresses responses. */
export interface CompressionSection extends FilterSectionBase {
  readonly type: "compression";
  readonly algorithms?: readonly ("br" | "gzip" | "deflate" | "zstd")[] | undefined;
  readonly min_bytes?: number | undefined;
  readonly types?: readonly string[] | undefined;
  readonly level?: number | undefined;
}

/** Lets in who has a signed token. */
export interface JwtSection extends FilterSectionBase {
  readonly type: "jwt";
  readonly algorithms?: readonly string[] | undefined;
  readonly secret?: string | undefined;
  readonly jwks_url?: string | undefined;
  readonly jwks_file?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | readonly string[] | undefined;
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly claims_to_headers?: Readonly<Record<string, string>> | undefined;
  readonly clock_tolerance_s?: number | undefined;
  readonly optional?: boolean | undefined;
}

/** Makes some requests slow, or fail, to try out what happens then. */
export interface FaultSection extends FilterSectionBase {
  readonly type: "fault";
  readonly delay_ms?: number | undefined;
  readonly delay_percent?: number | undefined;
  readonly abort_status?: number | undefined;
  readonly abort_percent?: number | undefined;
}

/** One's own, in configurations in TypeScript. */
export interface CustomFilterSection extends FilterSectionBase {
  readonly type: "custom";
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
