/**
 * A proxy toolkit for Bun and Deno on Linux io_uring.
 *
 * @example
 * ```ts
 * import { formatAddress, startProxy } from "@ringway/proxy";
 *
 * const proxy = await startProxy({
 *   listeners: [{ listen: "127.0.0.1:8080", cluster: "web" }],
 *   clusters: [{ name: "web", endpoints: ["127.0.0.1:3000"] }],
 * });
 * console.log(proxy.addresses.map(formatAddress), proxy.socketInterface.reason);
 * await proxy.drain();
 * ```
 *
 * @module
 */
export { type ErrorSource, RingwayError, type RingwayErrorOptions } from "./ffi/errors.ts";
export { createDevProxy, DevProxy, type DevProxySettings } from "./lib/dev_proxy/dev_proxy.ts";
export type {
  CookieRewrite,
  DevProxyEvents,
  DevProxyLogger,
  DevProxyOptions,
  DevProxyReply,
  DevProxyRequest,
  DevProxyTarget,
  DevProxyTargetRequest,
  DevProxyTargetResponse,
} from "./lib/dev_proxy/options.ts";
export type { HttpLimits } from "./lib/http/limits.ts";
export { formatAddress, type IpAddress, type SocketAddress, type UnixAddress } from "./lib/net/address.ts";
export type {
  Connection,
  ConnectionHandler,
  ConnectionOptions,
  Listener,
  ListenerHandler,
} from "./lib/net/connection.ts";
export type { Driver, DriverName, DriverReporter, ListenOptions } from "./lib/net/driver.ts";
export { SocketError } from "./lib/net/errors.ts";
export { defaultIoUringOptions, type IoUringOptions } from "./lib/net/io_uring_options.ts";
export type { RequestedInterface, SelectedInterface } from "./lib/net/socket_interface.ts";
export { parseEndpoint, parseTarget, parseUpstream, TargetError, type Upstream } from "./lib/net/target.ts";
export { UserCode } from "./lib/net/user_code.ts";
export {
  closeFileCommand,
  delayCommand,
  fileSizeOf,
  fileStatusCommand,
  type OpenFlags,
  openFileCommand,
  pollCommand,
  readFileCommand,
  receiveDatagramCommand,
  sendDatagramCommand,
  senderOf,
  syncFileCommand,
  writeFileCommand,
} from "./lib/operations/commands.ts";
export type { Datagram, DatagramSocket, DatagramSocketOptions } from "./lib/operations/datagram_socket.ts";
export { OperationError } from "./lib/operations/errors.ts";
export type { OperationBuffer } from "./lib/operations/operation_memory.ts";
export type { BufferedCommand, OnComplete, SubmittedOperation } from "./lib/operations/operation_queue.ts";
export { type DriverLike, type Operations, operationsOn } from "./lib/operations/operations.ts";
export { defaultOperationsOptions, type OperationsOptions } from "./lib/operations/options.ts";
export { type PollEvents, type PollRequest, pollEventsOf } from "./lib/operations/poll_events.ts";
export type { OpenFileOptions, RingFile, SyncOptions, WaitOptions } from "./lib/operations/ring_file.ts";
export type {
  Balancer,
  BalancerChoice,
  BalancerClass,
  BalancerContext,
  BalancerEndpoint,
} from "./lib/proxy/balancers/balancer.ts";
export type { BalancerName, ClusterOptions, CustomBalancer, OutlierOptions } from "./lib/proxy/cluster_options.ts";
export type {
  BasicAuthOptions,
  CompressionOptions,
  CorsOptions,
  FaultOptions,
  FilterOptions,
  IpFilterOptions,
  JwtOptions,
  RateLimitOptions,
} from "./lib/proxy/http/filters/builtin/options.ts";
export { hashPassword } from "./lib/proxy/http/filters/builtin/password_hash.ts";
export type {
  BodyPieces,
  BodyTransform,
  FilterFields,
  FilterMessage,
  FilterReply,
  FilterRequest,
  FilterResponse,
  FilterRoute,
  FilterWorker,
  HttpExchange,
  HttpFilter,
  MaybePromise,
  Nothing,
} from "./lib/proxy/http/filters/filter.ts";
export type { HttpClusterOptions, HttpProxyOptions } from "./lib/proxy/http/options.ts";
export type { RetryBudget, RetryCondition, RetryOptions } from "./lib/proxy/http/retry_options.ts";
export type {
  DirectResponse,
  HashKey,
  HeaderChanges,
  Mirror,
  NamedMatch,
  Redirect,
  Rewrite,
  RouteAction,
  RouteMatch,
  RouteOptions,
  TextMatch,
  VirtualHostOptions,
  WeightedCluster,
} from "./lib/proxy/http/routing/route_options.ts";
export type { OverloadOptions } from "./lib/proxy/overload.ts";
export { STATISTIC_MEANINGS, type StatisticName } from "./lib/proxy/statistics.ts";
export type { FeatureName, FeatureState } from "./lib/ring/features.ts";
export { type Lease, leaseBytes } from "./lib/ring/lease.ts";
export type { OperationCommand } from "./lib/ring/operation_command.ts";
export { Timer } from "./lib/ring/timer_wheel.ts";
export {
  type AddressTarget,
  defaultProxyConfig,
  type HostPort,
  type HttpConfig,
  type LogLevel,
  type ProcessConfig,
  type Protocol,
  type ProxyConfig,
  type SrvName,
  type Target,
} from "./lib/server/config.ts";
export { defineConfig } from "./lib/server/config_file/define_config.ts";
export type {
  BasicAuthSection,
  CompressionSection,
  CorsSection,
  CustomFilterSection,
  FaultSection,
  FilterSection,
  FilterSectionBase,
  IpFilterSection,
  JwtSection,
  RateLimitSection,
} from "./lib/server/config_file/filter_types.ts";
export { ConfigFileError } from "./lib/server/config_file/problem.ts";
export type {
  HashSection,
  HeaderChangesSection,
  MatchSection,
  MirrorSection,
  NamedMatchSection,
  RedirectSection,
  ReplaceSection,
  ResponseSection,
  RetrySection,
  RewriteSection,
  RouteSection,
  TextMatchSection,
  VirtualHostSection,
  WeightedClusterSection,
} from "./lib/server/config_file/route_types.ts";
export type {
  BalancerKey,
  BalancerSection,
  ClusterSection,
  ConfigFile,
  EndpointSection,
  HealthCheckSection,
  HttpLimitsSection,
  HttpSection,
  IoUringSection,
  ListenerSection,
  OutlierDetectionSection,
  OverloadSection,
  RetryBudgetSection,
  TcpSection,
} from "./lib/server/config_file/types.ts";
export type { ConfigFileSource, ProxySource } from "./lib/server/config_source.ts";
export type { ClusterEndpoints } from "./lib/server/endpoint_watch.ts";
export type { HealthCheckOptions } from "./lib/server/health/health_check_options.ts";
export type { EndpointHealth } from "./lib/server/health/health_checker.ts";
export type { NameServer, SrvRecord } from "./lib/server/name_server.ts";
export type {
  ClusterConfig,
  EndpointConfig,
  FilterConfig,
  HttpClusterConfig,
  HttpListener,
  HttpListenerConfig,
  ListenerBase,
  ListenerConfig,
  ServerConfig,
  TcpListener,
} from "./lib/server/server_config.ts";
export { type RunningProxy, type StartOptions, startProxy } from "./lib/server/start_proxy.ts";
export type { AddressLike } from "./lib/sockets/address_like.ts";
export type { SocketConnectOptions } from "./lib/sockets/connect.ts";
export { type SocketUseCode, SocketUseError } from "./lib/sockets/errors.ts";
export type { Socket } from "./lib/sockets/socket.ts";
export type { SocketListener, SocketListenOptions } from "./lib/sockets/socket_listener.ts";
export type { SocketOptions } from "./lib/sockets/socket_options.ts";
export { openSockets, type Sockets, type SocketsOptions } from "./lib/sockets/sockets.ts";
export { ThreadError, type ThreadErrorCode } from "./lib/threads/errors.ts";
export type { ThreadsOptions } from "./lib/threads/options.ts";
export { startThreads, type Threads } from "./lib/threads/start_threads.ts";
export type { Thread, ThreadCleanup, ThreadFunction } from "./lib/threads/thread.ts";
export { VERSION } from "./lib/version.ts";
export type { HttpClientOptions } from "./lib/web/client_options.ts";
export type { FetchInput } from "./lib/web/client_request.ts";
export {
  HttpClientError,
  type HttpClientErrorCode,
  HttpServerError,
  type HttpServerErrorCode,
  RequestBodyError,
} from "./lib/web/errors.ts";
export { HttpClient } from "./lib/web/http_client.ts";
export type { HttpServer, HttpServerStatistics } from "./lib/web/http_server.ts";
export { serve } from "./lib/web/serve.ts";
export type { ServeHandler, ServeInfo, ServeOptions, ServeThread } from "./lib/web/serve_options.ts";
