/**
 * A proxy toolkit for Bun and Deno on Linux io_uring.
 *
 * @example
 * ```ts
 * import { defaultProxyConfig, formatAddress, parseTarget, startProxy } from "@ringway/proxy";
 *
 * const proxy = await startProxy({
 *   ...defaultProxyConfig,
 *   listen: [parseTarget("127.0.0.1:0")],
 *   to: [parseTarget("127.0.0.1:5432")],
 * });
 * console.log(proxy.addresses.map(formatAddress), proxy.socketInterface.reason);
 * await proxy.drain();
 * ```
 *
 * @module
 */
export { type ErrorSource, RingwayError, type RingwayErrorOptions } from "./ffi/errors.ts";
export { formatAddress, type IpAddress, type SocketAddress, type UnixAddress } from "./lib/net/address.ts";
export type { RequestedInterface, SelectedInterface } from "./lib/net/socket_interface.ts";
export {
  type AddressTarget,
  type BalancerName,
  defaultProxyConfig,
  type HostPort,
  type HttpConfig,
  type IoUringOptions,
  type LogLevel,
  type Protocol,
  type ProxyConfig,
  type SrvName,
  type Target,
} from "./lib/server/config.ts";
export { defineConfig } from "./lib/server/config_file/define_config.ts";
export type {
  ClusterSection,
  ConfigFile,
  HttpLimitsSection,
  HttpSection,
  IoUringSection,
  ListenerSection,
  TcpSection,
} from "./lib/server/config_file/types.ts";
export type { ClusterEndpoints } from "./lib/server/endpoint_watch.ts";
export type { HealthCheckOptions } from "./lib/server/health/health_check_options.ts";
export type { EndpointHealth } from "./lib/server/health/health_checker.ts";
export type { NameServer, SrvRecord } from "./lib/server/name_server.ts";
export type {
  ClusterConfig,
  EndpointConfig,
  HttpClusterConfig,
  HttpListenerConfig,
  ListenerConfig,
  ServerConfig,
} from "./lib/server/server_config.ts";
export { type RunningProxy, type StartOptions, startProxy } from "./lib/server/start_proxy.ts";
export { parseEndpoint, parseTarget, parseUpstream, TargetError, type Upstream } from "./lib/server/target.ts";
export { VERSION } from "./lib/version.ts";
