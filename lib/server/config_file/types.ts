/**
 * A configuration file as its author writes it. What each key means, its range and its default stand in
 * `schema.ts` and the schemas of its parts, and are printed into docs/config.md.
 *
 * @module
 */
import type { RequestedInterface } from "../../net/socket_interface.ts";
import type { LogLevel, Protocol } from "../config.ts";
import type { FilterSection } from "./filter_types.ts";
import type { RouteSection, VirtualHostSection } from "./route_types.ts";

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
  readonly overload?: OverloadSection | undefined;
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

/** When a worker cannot keep up. */
export interface OverloadSection {
  readonly pause_delay_ms?: number | undefined;
  readonly refuse_delay_ms?: number | undefined;
  readonly pause_memory_bytes?: number | undefined;
  readonly refuse_memory_bytes?: number | undefined;
}

/**
 * Where connections are accepted, and what is done with them: exactly one of `cluster`, `routes` and `virtual_hosts`;
 * TCP has `cluster` only, and no filters.
 */
export interface ListenerSection {
  readonly listen: string | readonly string[];
  readonly reuse_port?: boolean | undefined;
  readonly protocol?: Protocol | undefined;
  readonly cluster?: string | undefined;
  readonly routes?: readonly RouteSection[] | undefined;
  readonly virtual_hosts?: readonly VirtualHostSection[] | undefined;
  readonly filters?: readonly FilterSection[] | undefined;
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
  readonly forwarded?: boolean | undefined;
  readonly linger_bytes?: number | undefined;
  readonly filter_timeout_ms?: number | undefined;
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

/** An endpoint with a share. */
export interface EndpointSection {
  readonly address: string;
  readonly weight?: number | undefined;
}

/** How connections, or requests, are spread over endpoints. */
export type BalancerKey = "round_robin" | "least_connections" | "least_request" | "random" | "ring_hash" | "maglev";

/** A balancer of one's own: a module whose default export is a class that implements `Balancer`. */
export interface BalancerSection {
  readonly module: string;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** When an endpoint is left out for a while. */
export interface OutlierDetectionSection {
  readonly consecutive_5xx?: number | undefined;
  readonly consecutive_gateway_errors?: number | undefined;
  readonly consecutive_connect_failures?: number | undefined;
  readonly ejection_ms?: number | undefined;
  readonly max_ejection_ms?: number | undefined;
  readonly max_ejection_percent?: number | undefined;
}

/** How it is found out whether endpoints are good. */
export interface HealthCheckSection {
  readonly type: "tcp" | "http";
  readonly path?: string | undefined;
  readonly host?: string | undefined;
  readonly expected_statuses?: readonly (string | number)[] | undefined;
  readonly port?: number | undefined;
  readonly interval_ms?: number | undefined;
  readonly timeout_ms?: number | undefined;
  readonly unhealthy_threshold?: number | undefined;
  readonly healthy_threshold?: number | undefined;
}

/** How many requests may be sent again at the same time. */
export interface RetryBudgetSection {
  readonly percent?: number | undefined;
  readonly min?: number | undefined;
}

/** A group of endpoints that serve the same. */
export interface ClusterSection {
  readonly name: string;
  readonly endpoints: readonly (string | EndpointSection)[];
  readonly balancer?: BalancerKey | BalancerSection | undefined;
  readonly slow_start_ms?: number | undefined;
  readonly panic_threshold_percent?: number | undefined;
  readonly outlier_detection?: OutlierDetectionSection | undefined;
  readonly health_check?: HealthCheckSection | undefined;
  readonly connect_timeout_ms?: number | undefined;
  readonly connect_attempts?: number | undefined;
  readonly max_connections?: number | undefined;
  readonly max_pending_requests?: number | undefined;
  readonly max_requests?: number | undefined;
  readonly max_retries?: number | undefined;
  readonly retry_budget?: RetryBudgetSection | undefined;
  readonly pending_timeout_ms?: number | undefined;
  readonly idle_timeout_ms?: number | undefined;
  readonly max_requests_per_connection?: number | undefined;
}
