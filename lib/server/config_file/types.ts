/**
 * A configuration file as its author writes it. What is said about each key comes from `schema.ts` and the schemas of
 * its parts, as docs/config.md does: edit it there, and run test/support/write_config_docs.ts.
 *
 * @module
 */
import type { RequestedInterface } from "../../net/socket_interface.ts";
import type { LogLevel, Protocol } from "../config.ts";
import type { FilterSection } from "./filter_types.ts";
import type { RouteSection, VirtualHostSection } from "./route_types.ts";

/** All of a configuration file. */
export interface ConfigFile {
  /** Worker threads; `auto`: one for each processor. By default `auto`. */
  readonly workers?: number | "auto" | undefined;
  /**
   * How bytes are moved: by io_uring, or by the runtime's own sockets; `auto`: by io_uring if the kernel has it. By
   * default `auto`.
   */
  readonly socket_interface?: RequestedInterface | undefined;
  /** For `socket_interface: uring`. */
  readonly io_uring?: IoUringSection | undefined;
  /** How much is logged, on standard error. By default `info`. */
  readonly log_level?: LogLevel | undefined;
  /**
   * How long connections may go on after SIGTERM or SIGINT, and with a configuration that is replaced. 0 to 2061083647
   * ms; by default 10000.
   */
  readonly drain_timeout_ms?: number | undefined;
  /** How often names are resolved again; 0: never. 0 to 2061083647 ms; by default 5000. */
  readonly dns_refresh_ms?: number | undefined;
  /**
   * Connections at the same time, over all listeners and workers; 0: as many as the limit of open files allows. 0 to
   * 1048576; by default 0.
   */
  readonly max_connections?: number | undefined;
  /** Connections that wait in the kernel, for each listener and worker. 1 to 65535; by default 4096. */
  readonly backlog?: number | undefined;
  /** When a worker cannot keep up: first it accepts no more connections, then it refuses requests; see http.md. */
  readonly overload?: OverloadSection | undefined;
  /** The file that gets a line for each HTTP request, `-` for standard output; without it there is none. */
  readonly access_log?: string | undefined;
  /**
   * How lines are written: `common`, `combined`, `json`, or a template such as `%method% %status%`; see http.md. By
   * default `combined`.
   */
  readonly access_log_format?: string | undefined;
  /** Where connections are accepted, and where they go. */
  readonly listeners: readonly ListenerSection[];
  /** Named groups of endpoints that serve the same. */
  readonly clusters: readonly ClusterSection[];
}

/** For the `uring` driver; the names are those of Envoy. */
export interface IoUringSection {
  /** Entries of a worker's submission queue. 8 to 32768; by default 512. */
  readonly io_uring_size?: number | undefined;
  /** Pending accepts for each listener, on kernels without multishot accept. 1 to 1024; by default 5. */
  readonly accept_size?: number | undefined;
  /** Bytes of a receive buffer. 1024 to 1048576; by default 8192. */
  readonly read_buffer_size?: number | undefined;
  /**
   * How long a closing connection may take to send what is queued; 0: no limit. 0 to 2061083647 ms; by default 1000.
   */
  readonly write_timeout_ms?: number | undefined;
  /** Let a kernel thread poll for submissions, which costs a processor for each worker. By default false. */
  readonly use_submission_queue_polling?: boolean | undefined;
  /** Another name of `use_submission_queue_polling`, which is Envoy's. By default false. */
  readonly enable_submission_queue_polling?: boolean | undefined;
}

/** When a worker cannot keep up. */
export interface OverloadSection {
  /**
   * A worker's loop is this late: it accepts no more connections until it is less late. 0: never. 0 to 2061083647 ms;
   * by default 500.
   */
  readonly pause_delay_ms?: number | undefined;
  /** A worker's loop is this late: it answers HTTP requests with 503. 0: never. 0 to 2061083647 ms; by default 1000. */
  readonly refuse_delay_ms?: number | undefined;
  /**
   * The process uses so much memory (resident): its workers accept no more connections. 0: never. 0 to 281474976710656;
   * by default 0.
   */
  readonly pause_memory_bytes?: number | undefined;
  /**
   * The process uses so much memory (resident): its workers answer HTTP requests with 503. 0: never. 0 to
   * 281474976710656; by default 0.
   */
  readonly refuse_memory_bytes?: number | undefined;
}

/**
 * Where connections are accepted, and what is done with them: exactly one of `cluster`, `routes` and `virtual_hosts`;
 * TCP has `cluster` only, and no filters.
 */
export interface ListenerSection {
  /** Where to accept connections: `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or a list of those. */
  readonly listen: string | readonly string[];
  /**
   * Let other processes of the same user listen there too (SO_REUSEPORT), to take over without a gap. By default false.
   */
  readonly reuse_port?: boolean | undefined;
  /** What is relayed: HTTP requests, or the bytes of connections. By default `http`. */
  readonly protocol?: Protocol | undefined;
  /** The cluster to relay to, by its name. HTTP: exactly one of this and the next two. */
  readonly cluster?: string | undefined;
  /** HTTP: routes for all hosts. The first one that matches is taken; without one, 404. */
  readonly routes?: readonly RouteSection[] | undefined;
  /** HTTP: routes for some hosts each. */
  readonly virtual_hosts?: readonly VirtualHostSection[] | undefined;
  /** HTTP: what requests pass through on their way, and responses in the opposite order. */
  readonly filters?: readonly FilterSection[] | undefined;
  /**
   * Connections of this listener at the same time, over all workers; above it none is accepted. 0: no limit. 0 to
   * 1048576; by default 0.
   */
  readonly max_connections?: number | undefined;
  /** For `protocol: http` only. */
  readonly http?: HttpSection | undefined;
  /** For `protocol: tcp` only. */
  readonly tcp?: TcpSection | undefined;
}

/** Limits and times of HTTP with clients. */
export interface HttpSection {
  /** How long the head of a request may take; then 408. 0 to 2061083647 ms; by default 10000. */
  readonly head_timeout_ms?: number | undefined;
  /** How long a client's connection may be without a request. 0 to 2061083647 ms; by default 75000. */
  readonly keep_alive_timeout_ms?: number | undefined;
  /** How long an endpoint may take to respond; then 504. 0 to 2061083647 ms; by default 60000. */
  readonly response_timeout_ms?: number | undefined;
  /** How long a body or a WebSocket may be without bytes. 0 to 2061083647 ms; by default 60000. */
  readonly stream_idle_timeout_ms?: number | undefined;
  /** Proxies in front whose X-Forwarded-* are believed. 0 to 100; by default 0. */
  readonly trusted_hops?: number | undefined;
  /** Add the field Forwarded (RFC 7239) to requests too. By default false. */
  readonly forwarded?: boolean | undefined;
  /**
   * Bytes of a request's body that are read in vain after its answer, before the connection is closed. 0 to 1073741824;
   * by default 262144.
   */
  readonly linger_bytes?: number | undefined;
  /** How long a function of a filter may take; then 504. 0 to 2061083647 ms; by default 10000. */
  readonly filter_timeout_ms?: number | undefined;
  /** How much of a message is held before it is refused. */
  readonly limits?: HttpLimitsSection | undefined;
}

/** How much of a message is held before it is refused. */
export interface HttpLimitsSection {
  /** Bytes of a head; above it 431 (or 414 for the target). 256 to 1048576; by default 16384. */
  readonly head_bytes?: number | undefined;
  /** Fields of a head, and of a trailer section. 1 to 10000; by default 100. */
  readonly fields?: number | undefined;
  /** Bytes of a request's target; above it 414. 64 to 1048576; by default 8192. */
  readonly target_bytes?: number | undefined;
  /** Bytes of the extensions of all chunks of one body. 0 to 1048576; by default 1024. */
  readonly chunk_extension_bytes?: number | undefined;
  /** Bytes of a trailer section. 2 to 1048576; by default 8192. */
  readonly trailer_bytes?: number | undefined;
}

/** Times of TCP. */
export interface TcpSection {
  /** How long a connection may be without bytes; 0: for ever. 0 to 2061083647 ms; by default 3600000. */
  readonly idle_timeout_ms?: number | undefined;
}

/** An endpoint with a share. */
export interface EndpointSection {
  /** The address, in the same forms. */
  readonly address: string;
  /** Its share, in proportion to the others'; each address of a name has it. 1 to 1000; by default 1. */
  readonly weight?: number | undefined;
}

/** How connections, or requests, are spread over endpoints. */
export type BalancerKey = "round_robin" | "least_connections" | "least_request" | "random" | "ring_hash" | "maglev";

/** A balancer of one's own: a module whose default export is a class that implements `Balancer`. */
export interface BalancerSection {
  /** The module whose default export it is: a path from the configuration's folder, as `./my_balancer.ts`, or a URL. */
  readonly module: string;
  /** What its constructor is given. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** When an endpoint is left out for a while. */
export interface OutlierDetectionSection {
  /**
   * After so many responses with 5xx in a row, failed connections and cut responses included; 0: never. 0 to 1048576;
   * by default 5.
   */
  readonly consecutive_5xx?: number | undefined;
  /**
   * After so many 502, 503 and 504 in a row, failed connections and cut responses included; 0: never. 0 to 1048576; by
   * default 0.
   */
  readonly consecutive_gateway_errors?: number | undefined;
  /**
   * After so many connections in a row that failed, or ended before the response; 0: never. 0 to 1048576; by default 5.
   */
  readonly consecutive_connect_failures?: number | undefined;
  /**
   * For how long at first; so many times as long after so many times in a row. 1 to 2061083647 ms; by default 30000.
   */
  readonly ejection_ms?: number | undefined;
  /** The longest time. 1 to 2061083647 ms; by default 300000. */
  readonly max_ejection_ms?: number | undefined;
  /**
   * The part of the endpoints that is left out at the same time; one may be, if there is another. 0 to 100; by default
   * 10.
   */
  readonly max_ejection_percent?: number | undefined;
}

/** How it is found out whether endpoints are good. */
export interface HealthCheckSection {
  /** What makes an endpoint good: `tcp`, a connection can be made; `http`, a request has a good answer. */
  readonly type: "tcp" | "http";
  /** For `http`: what is asked for. By default `/`. */
  readonly path?: string | undefined;
  /** For `http`: the Host field; without it the endpoint's address. */
  readonly host?: string | undefined;
  /** For `http`: which answers are good, statuses and ranges of them. By default [`200-299`]. */
  readonly expected_statuses?: readonly (string | number)[] | undefined;
  /** Another port than the endpoint's. 1 to 65535. */
  readonly port?: number | undefined;
  /** From the end of a check to the next one; up to 10 % is added at random. 1 to 2061083647 ms; by default 5000. */
  readonly interval_ms?: number | undefined;
  /** How long a check may take. 1 to 2061083647 ms; by default 2000. */
  readonly timeout_ms?: number | undefined;
  /** So many bad checks in a row, and an endpoint is not used any more. 1 to 1000; by default 3. */
  readonly unhealthy_threshold?: number | undefined;
  /** So many good ones in a row, and it is used again; at the start one decides. 1 to 1000; by default 2. */
  readonly healthy_threshold?: number | undefined;
}

/** How many requests may be sent again at the same time. */
export interface RetryBudgetSection {
  /** The part of the requests under way that may be sent again. 0 to 100; by default 20. */
  readonly percent?: number | undefined;
  /** But always so many. 0 to 1048576; by default 3. */
  readonly min?: number | undefined;
}

/** A group of endpoints that serve the same. */
export interface ClusterSection {
  /** Its name, by which listeners and routes refer to it. */
  readonly name: string;
  /**
   * The servers: `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or `srv:NAME` for what a DNS SRV record says; a name stands
   * for all of its addresses. Or a mapping with such an `address` and a `weight`.
   */
  readonly endpoints: readonly (string | EndpointSection)[];
  /**
   * How connections, or requests, are spread over the endpoints; `ring_hash` and `maglev`: by `hash` of a route, or by
   * a TCP client's address. Or one's own, a `Balancer`; see load-balancing.md.
   */
  readonly balancer?: BalancerKey | BalancerSection | undefined;
  /**
   * For how long the share of an endpoint that is new, or healthy again, grows; 0: it has all of it at once. Not for
   * `ring_hash` and `maglev`. 0 to 2061083647 ms; by default 0.
   */
  readonly slow_start_ms?: number | undefined;
  /**
   * With a smaller part of the endpoints neither unhealthy nor left out, all are used; 0: never. 0 to 100; by default
   * 50.
   */
  readonly panic_threshold_percent?: number | undefined;
  /** Leave endpoints out for a while that answer badly; each worker sees its own part. Absent: off. */
  readonly outlier_detection?: OutlierDetectionSection | undefined;
  /** Ask endpoints whether they are good. Absent: off. */
  readonly health_check?: HealthCheckSection | undefined;
  /**
   * How long connecting to an endpoint may take; 0: as long as the kernel tries. 0 to 2061083647 ms; by default 5000.
   */
  readonly connect_timeout_ms?: number | undefined;
  /** Endpoints that are tried for a connection. 1 to 1000; by default 3. */
  readonly connect_attempts?: number | undefined;
  /** HTTP: connections to one endpoint, for each worker. 1 to 1048576; by default 1024. */
  readonly max_connections?: number | undefined;
  /**
   * HTTP: requests that wait for a connection to one endpoint, for each worker; above it 503. 0 to 1048576; by default
   * 1024.
   */
  readonly max_pending_requests?: number | undefined;
  /**
   * HTTP: requests under way in the cluster, for each worker; above it 503. 0: no limit. 0 to 1073741824; by default 0.
   */
  readonly max_requests?: number | undefined;
  /**
   * HTTP: requests that are being sent again, for each worker; 0: as `retry_budget` says. 0 to 1073741824; by default
   * 0.
   */
  readonly max_retries?: number | undefined;
  /** HTTP: how many requests may be sent again at the same time, for each worker. */
  readonly retry_budget?: RetryBudgetSection | undefined;
  /** HTTP: how long a request waits for a connection; then 503. 0 to 2061083647 ms; by default 5000. */
  readonly pending_timeout_ms?: number | undefined;
  /** HTTP: how long a connection to an endpoint is kept without a request. 0 to 2061083647 ms; by default 60000. */
  readonly idle_timeout_ms?: number | undefined;
  /** HTTP: requests on one connection to an endpoint; 0: no limit. 0 to 1073741824; by default 0. */
  readonly max_requests_per_connection?: number | undefined;
}
