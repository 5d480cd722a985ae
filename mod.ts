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
  type BalancerName,
  defaultProxyConfig,
  type HostPort,
  type HttpConfig,
  type IoUringOptions,
  type LogLevel,
  type Protocol,
  type ProxyConfig,
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
export type {
  ClusterConfig,
  HttpClusterConfig,
  HttpListenerConfig,
  ListenerConfig,
  ServerConfig,
} from "./lib/server/server_config.ts";
export { type RunningProxy, type StartOptions, startProxy } from "./lib/server/start_proxy.ts";
export { parseTarget, parseUpstream, TargetError, type Upstream } from "./lib/server/target.ts";
export { VERSION } from "./lib/version.ts";
