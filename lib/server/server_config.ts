/**
 * What a server is started with: any number of listeners, each with a cluster that it relays to.
 *
 * @module
 */
import type { RequestedInterface } from "../net/socket_interface.ts";
import type { HttpClusterOptions, HttpProxyOptions } from "../proxy/http/options.ts";
import type { AddressTarget, BalancerName, IoUringOptions, Protocol, ProxyConfig, Target } from "./config.ts";
import type { HealthCheckOptions } from "./health/health_check_options.ts";

/** What a server is started with. */
export interface ServerConfig {
  /** Worker threads; `"auto"`: one per available processor. */
  readonly workers: number | "auto";
  /** Which driver moves the bytes. */
  readonly socketInterface: RequestedInterface;
  /** For the `uring` driver. */
  readonly ioUring: IoUringOptions;
  /** How long connections may go on after a stop was asked for, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** How often names are resolved again, in milliseconds; 0: never. */
  readonly dnsRefreshMs: number;
  /** Connections at the most, over all listeners and workers; 0: as many as the limit of open files allows. */
  readonly maximumConnections: number;
  /** Connections that wait in the kernel per listener and worker. */
  readonly backlog: number;
  /** The file that gets a line for each HTTP request; `"-"`: standard output, `""`: none. */
  readonly accessLog: string;
  /** See {@linkcode ProxyConfig.accessLogFormat}. */
  readonly accessLogFormat: string;
  /** Where connections are accepted. */
  readonly listeners: readonly ListenerConfig[];
  /** Where they go. */
  readonly clusters: readonly ClusterConfig[];
}

/** The part of the HTTP options that belongs to the connections to a cluster's endpoints. */
export type HttpClusterConfig = Omit<HttpClusterOptions, "connectTimeoutMs" | "connectAttempts">;

/** The part that belongs to the connections of clients. */
export type HttpListenerConfig = Omit<HttpProxyOptions, "maximumConnections">;

/** Where connections are accepted, and what is done with them. */
export interface ListenerConfig {
  /** The addresses. */
  readonly listen: readonly AddressTarget[];
  /** What is relayed. */
  readonly protocol: Protocol;
  /** The name of a cluster. */
  readonly cluster: string;
  /** Connections at the most, over all workers; 0: no limit but the server's. */
  readonly maximumConnections: number;
  /** For `protocol` `"http"`. */
  readonly http: HttpListenerConfig;
  /** For `protocol` `"tcp"`: how long a connection may be idle, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
}

/** One server, or several behind a name. */
export interface EndpointConfig {
  /** Where it is; a name stands for all of its addresses, an SRV name for all servers that DNS has for it. */
  readonly target: Target;
  /** The share of each of its addresses beside the others', 1 to 1000; SRV records' weights are multiplied by it. */
  readonly weight: number;
}

/** A group of endpoints that serve the same. */
export interface ClusterConfig {
  /** By which listeners refer to it. */
  readonly name: string;
  /** The endpoints; an address that is there twice is used once, with the larger weight. */
  readonly endpoints: readonly EndpointConfig[];
  /** How it is found out which endpoints are good; `null`: all are taken as good. */
  readonly healthCheck: HealthCheckOptions | null;
  /** How connections, or requests, are spread over endpoints. */
  readonly balancer: BalancerName;
  /** Endpoints that are tried for a connection, at the most. */
  readonly connectAttempts: number;
  /** How long connecting to an endpoint may take, in milliseconds; 0: as long as the kernel tries. */
  readonly connectTimeoutMs: number;
  /** For HTTP. */
  readonly http: HttpClusterConfig;
}

/** The name of the cluster of a {@linkcode ProxyConfig}. */
const DEFAULT_CLUSTER = "default";

/** A server with one group of listeners and one cluster. */
export function serverConfig(config: ProxyConfig): ServerConfig {
  const { protocol, listen, to, http, balancer, connectAttempts, connectTimeoutMs, idleTimeoutMs, ...server } = config;
  return {
    ...server,
    listeners: [{ listen, protocol, cluster: DEFAULT_CLUSTER, maximumConnections: 0, http, idleTimeoutMs }],
    clusters: [
      {
        name: DEFAULT_CLUSTER,
        endpoints: to.map((target) => ({ target, weight: 1 })),
        healthCheck: null,
        balancer,
        connectAttempts,
        connectTimeoutMs,
        http,
      },
    ],
  };
}
