/**
 * A configuration file as its author writes it. What each key means, its range and its default stand in
 * `schema.ts`, and are printed into docs/config.md.
 *
 * @module
 */
import type { RequestedInterface } from "../../net/socket_interface.ts";
import type { LogLevel, Protocol } from "../config.ts";

/** All of a configuration file. */
export interface ConfigFile {
  readonly workers?: number | "auto" | undefined;
  readonly socket_interface?: RequestedInterface | undefined;
  readonly io_uring?: IoUringSection | undefined;
  readonly log_level?: LogLevel | undefined;
  readonly drain_timeout_ms?: number | undefined;
  readonly dns_refresh_ms?: number | undefined;
  readonly max_connections?: number | undefined;
  readonly backlog?: number | undefined;
  readonly access_log?: string | undefined;
  readonly access_log_format?: string | undefined;
  readonly listeners: readonly ListenerSection[];
  readonly clusters: readonly ClusterSection[];
}

/** For the `uring` driver; the names are those of Envoy. */
export interface IoUringSection {
  readonly io_uring_size?: number | undefined;
  readonly accept_size?: number | undefined;
  readonly read_buffer_size?: number | undefined;
  readonly write_timeout_ms?: number | undefined;
  readonly use_submission_queue_polling?: boolean | undefined;
  readonly enable_submission_queue_polling?: boolean | undefined;
}

/** Where connections are accepted, and what is done with them. */
export interface ListenerSection {
  readonly listen: string | readonly string[];
  readonly protocol?: Protocol | undefined;
  readonly cluster: string;
  readonly max_connections?: number | undefined;
  readonly http?: HttpSection | undefined;
  readonly tcp?: TcpSection | undefined;
}

/** Limits and times of HTTP with clients. */
export interface HttpSection {
  readonly head_timeout_ms?: number | undefined;
  readonly keep_alive_timeout_ms?: number | undefined;
  readonly response_timeout_ms?: number | undefined;
  readonly stream_idle_timeout_ms?: number | undefined;
  readonly trusted_hops?: number | undefined;
  readonly linger_bytes?: number | undefined;
  readonly limits?: HttpLimitsSection | undefined;
}

/** How much of a message is held before it is refused. */
export interface HttpLimitsSection {
  readonly head_bytes?: number | undefined;
  readonly fields?: number | undefined;
  readonly target_bytes?: number | undefined;
  readonly chunk_extension_bytes?: number | undefined;
  readonly trailer_bytes?: number | undefined;
}

/** Times of TCP. */
export interface TcpSection {
  readonly idle_timeout_ms?: number | undefined;
}

/** A group of endpoints that serve the same. */
export interface ClusterSection {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly balancer?: "round_robin" | "least_connections" | undefined;
  readonly connect_timeout_ms?: number | undefined;
  readonly connect_attempts?: number | undefined;
  readonly max_connections?: number | undefined;
  readonly max_pending_requests?: number | undefined;
  readonly pending_timeout_ms?: number | undefined;
  readonly idle_timeout_ms?: number | undefined;
  readonly max_requests_per_connection?: number | undefined;
}

/** The same with every key that was left out, at every depth. */
export type Complete<T> = T extends readonly (infer Item)[]
  ? readonly Complete<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: Complete<Exclude<T[Key], undefined>> }
    : T;

/** A configuration file with its defaults. */
export type CompleteConfigFile = Complete<ConfigFile>;
