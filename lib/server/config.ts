/**
 * What a proxy is started with.
 *
 * @module
 */
import { defaultIoUringOptions, type IoUringOptions } from "../net/io_uring_options.ts";
import type { RequestedInterface } from "../net/socket_interface.ts";
import type { AddressTarget, Protocol, Target } from "../net/target.ts";
import type { BalancerName } from "../proxy/cluster_options.ts";
import {
  defaultHttpClusterOptions,
  defaultHttpProxyOptions,
  type HttpClusterOptions,
  type HttpProxyOptions,
} from "../proxy/http/options.ts";
import { defaultOverloadOptions, type OverloadOptions } from "../proxy/overload.ts";

export type { AddressTarget, HostPort, Protocol, SrvName, Target } from "../net/target.ts";
export type { BalancerName } from "../proxy/cluster_options.ts";

/** How much is logged. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "fatal";

/** All levels, from the one that says most. */
export const LOG_LEVELS: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "fatal"];

/** Limits and times of HTTP, beside those that TCP has too. */
export type HttpConfig = Omit<HttpProxyOptions, "maximumConnections"> &
  Omit<HttpClusterOptions, "connectTimeoutMs" | "connectAttempts">;

/** What a process is started with, whatever it relays. */
export interface ProcessConfig {
  /** Worker threads; `"auto"`: one per available processor, but one where the system is not Linux. */
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
  /** When a worker accepts no more connections, and when it refuses requests. */
  readonly overload: OverloadOptions;
  /** The file that gets a line for each HTTP request; `"-"`: standard output, `""`: none. */
  readonly accessLog: string;
  /** `"common"`, `"combined"`, `"json"`, or a template such as `"%time% %method% %target% %status%"`. */
  readonly accessLogFormat: string;
}

/** What a proxy with one group of listeners and one of endpoints is started with. */
export interface ProxyConfig extends ProcessConfig {
  /** What is relayed. */
  readonly protocol: Protocol;
  /** Where to accept connections. */
  readonly listen: readonly AddressTarget[];
  /** May other processes of the same user listen there too, to take over without a gap? */
  readonly reusePort: boolean;
  /** The endpoints; a name stands for all of its addresses. */
  readonly to: readonly Target[];
  /** For `protocol` `"http"`. */
  readonly http: HttpConfig;
  /** How connections, or requests, are spread over endpoints. */
  readonly balancer: BalancerName;
  /** Endpoints that are tried for a connection, at the most. */
  readonly connectAttempts: number;
  /** How long connecting to an endpoint may take, in milliseconds; 0: as long as the kernel tries. */
  readonly connectTimeoutMs: number;
  /** How long a TCP connection may be idle, in milliseconds; 0: for ever. HTTP has times of its own. */
  readonly idleTimeoutMs: number;
}

/** Everything but the addresses. */
export const defaultProxyConfig: Omit<ProxyConfig, "listen" | "to"> = {
  workers: "auto",
  socketInterface: "auto",
  ioUring: defaultIoUringOptions,
  protocol: "tcp",
  reusePort: false,
  http: { ...defaultHttpProxyOptions, ...defaultHttpClusterOptions },
  balancer: "round-robin",
  connectAttempts: 3,
  connectTimeoutMs: 5000,
  idleTimeoutMs: 3_600_000,
  drainTimeoutMs: 10_000,
  dnsRefreshMs: 5000,
  maximumConnections: 0,
  backlog: 4096,
  overload: defaultOverloadOptions,
  accessLog: "",
  accessLogFormat: "combined",
};
