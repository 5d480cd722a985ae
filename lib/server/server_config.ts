/**
 * What a server is started with: any number of listeners, with routes or a cluster that it relays to.
 *
 * @module
 */
import { type ClusterOptions, defaultClusterOptions } from "../proxy/cluster_options.ts";
import type { FilterOptions } from "../proxy/http/filters/builtin/options.ts";
import type { HttpClusterOptions, HttpProxyOptions } from "../proxy/http/options.ts";
import { anyHost, plainRoute } from "../proxy/http/routing/plain_route.ts";
import type { RouteMatch, RouteOptions, VirtualHostOptions } from "../proxy/http/routing/route_options.ts";
import type { AddressTarget, ProcessConfig, ProxyConfig, Target } from "./config.ts";
import type { HealthCheckOptions } from "./health/health_check_options.ts";

/** What a server is started with. */
export interface ServerConfig extends ProcessConfig {
  /** Where connections are accepted. */
  readonly listeners: readonly ListenerConfig[];
  /** Where they go. */
  readonly clusters: readonly ClusterConfig[];
  /**
   * The URL of the configuration in TypeScript, if filters of its own are in it: each worker imports it, as functions
   * can't be sent to one. `null`: there are none.
   */
  readonly module: string | null;
}

/** The part of the HTTP options that belongs to the connections to a cluster's endpoints. */
export type HttpClusterConfig = Omit<HttpClusterOptions, "connectTimeoutMs" | "connectAttempts">;

/** The part that belongs to the connections of clients. */
export type HttpListenerConfig = Omit<HttpProxyOptions, "maximumConnections">;

/** Where connections are accepted, and what is done with them. */
export type ListenerConfig = HttpListener | TcpListener;

/** What all listeners have. */
export interface ListenerBase {
  /** The addresses. */
  readonly listen: readonly AddressTarget[];
  /** May other processes of the same user listen there too, to take over without a gap? */
  readonly reusePort: boolean;
  /** Connections at the most, over all workers; 0: no limit but the server's. */
  readonly maximumConnections: number;
}

/** Relays HTTP requests, by routes. */
export interface HttpListener extends ListenerBase {
  /** Always `"http"`. */
  readonly protocol: "http";
  /** Which requests go where. */
  readonly virtualHosts: readonly VirtualHostOptions[];
  /** What requests pass through, the first one first. */
  readonly filters: readonly FilterConfig[];
  /** Limits and times. */
  readonly http: HttpListenerConfig;
}

/** Relays the bytes of connections. */
export interface TcpListener extends ListenerBase {
  /** Always `"tcp"`. */
  readonly protocol: "tcp";
  /** The name of a cluster. */
  readonly cluster: string;
  /** How long a connection may be idle, in milliseconds; 0: for ever. */
  readonly idleTimeoutMs: number;
}

/** A filter of a listener. */
export interface FilterConfig {
  /** Only these requests; `null`: all. */
  readonly match: RouteMatch | null;
  /** `custom`: the one at the same place in the listener's `filters` in {@linkcode ServerConfig.module}. */
  readonly filter: FilterOptions | { readonly type: "custom"; readonly name: string };
}

/** An endpoint, or several with one name. */
export interface EndpointConfig {
  /** A name stands for all of its addresses, an SRV name for all servers that DNS has for it. */
  readonly target: Target;
  /** The share of each of its addresses beside the others', 1 to 1000; SRV records' weights are multiplied by it. */
  readonly weight: number;
}

/** A group of endpoints that serve the same. */
export interface ClusterConfig {
  /** By which listeners and routes refer to it. */
  readonly name: string;
  /** The endpoints. */
  readonly endpoints: readonly EndpointConfig[];
  /** How one is chosen. */
  readonly options: ClusterOptions;
  /** How it is found out whether they are good; `null`: not at all. */
  readonly healthCheck: HealthCheckOptions | null;
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
  const { protocol, listen, reusePort, to, http, balancer, ...rest } = config;
  const { connectAttempts, connectTimeoutMs, idleTimeoutMs, ...server } = rest;
  const listener = { listen, reusePort, maximumConnections: 0 };
  const isHashed = balancer === "ring-hash" || balancer === "maglev";
  const route: RouteOptions = { ...plainRoute(DEFAULT_CLUSTER), hash: isHashed ? [{ type: "source" }] : [] };
  return {
    ...server,
    listeners: [
      protocol === "tcp"
        ? { ...listener, protocol, cluster: DEFAULT_CLUSTER, idleTimeoutMs }
        : { ...listener, protocol, virtualHosts: [anyHost([route])], filters: [], http },
    ],
    clusters: [
      {
        name: DEFAULT_CLUSTER,
        endpoints: to.map((target) => ({ target, weight: 1 })),
        options: { ...defaultClusterOptions, balancer },
        healthCheck: null,
        connectAttempts,
        connectTimeoutMs,
        http,
      },
    ],
    module: null,
  };
}
