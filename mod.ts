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
export { type RunningProxy, type StartOptions, startProxy } from "./lib/server/start_proxy.ts";
export { parseTarget, parseUpstream, TargetError, type Upstream } from "./lib/server/target.ts";
export { VERSION } from "./lib/version.ts";
