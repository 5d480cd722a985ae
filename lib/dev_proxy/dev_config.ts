/**
 * What a dev proxy's server is started with.
 *
 * @module
 */
import { defaultClusterOptions } from "../proxy/cluster_options.ts";
import { defaultHttpClusterOptions, defaultHttpProxyOptions } from "../proxy/http/options.ts";
import { anyHost, anyRequest, plainRoute } from "../proxy/http/routing/plain_route.ts";
import type { RouteOptions } from "../proxy/http/routing/route_options.ts";
import { type AddressTarget, defaultProxyConfig } from "../server/config.ts";
import { type ClusterConfig, type ServerConfig, serverConfig } from "../server/server_config.ts";
import { RULE_FIELD } from "./dev_filter.ts";
import { FORWARDED_FIELDS } from "./messages.ts";
import type { Rule } from "./rule.ts";
import type { ParsedTarget } from "./target.ts";

/** Dev servers on Node close a connection after five seconds without a request: better not to meet that moment. */
const UPSTREAM_IDLE_TIMEOUT_MS = 4000;

/** The configuration for rules. */
export function devServerConfig(rules: readonly Rule[], listen: AddressTarget): ServerConfig {
  return {
    ...serverConfig({ ...defaultProxyConfig, listen: [], to: [] }),
    // What else happens in this thread may take its time.
    overload: { pauseDelayMs: 0, refuseDelayMs: 0, pauseMemoryBytes: 0, refuseMemoryBytes: 0 },
    listeners: [
      {
        listen: [listen],
        reusePort: false,
        maximumConnections: 0,
        protocol: "http",
        virtualHosts: [anyHost(rules.map(toRoute))],
        filters: [],
        // Whoever sits before a debugger needs more time than any limit gives.
        http: { ...defaultHttpProxyOptions, filterTimeoutMs: 0 },
      },
    ],
    clusters: rules.flatMap(({ target, forward }, index) => [
      toCluster(targetName(index), target),
      ...(forward === null ? [] : [toCluster(forwardName(index), forward)]),
    ]),
  };
}

function targetName(index: number): string {
  return `target ${index}`;
}

function forwardName(index: number): string {
  return `forward ${index}`;
}

function toRoute({ options, forward }: Rule, index: number): RouteOptions {
  const { xfwd = false, proxyTimeout = 0, timeout = 0 } = options;
  return {
    ...plainRoute(targetName(index)),
    match: { ...anyRequest, headers: [{ name: RULE_FIELD, exact: String(index) }] },
    requestHeaders: { remove: [RULE_FIELD, ...(xfwd ? [] : FORWARDED_FIELDS)], set: [], add: [] },
    mirror: forward === null ? null : { cluster: forwardName(index), percent: 100 },
    responseTimeoutMs: proxyTimeout,
    streamIdleTimeoutMs: timeout,
  };
}

function toCluster(name: string, { endpoint }: ParsedTarget): ClusterConfig {
  const { connectTimeoutMs, connectAttempts, ...http } = defaultHttpClusterOptions;
  return {
    name,
    endpoints: [{ target: endpoint, weight: 1 }],
    options: defaultClusterOptions,
    healthCheck: null,
    connectAttempts,
    connectTimeoutMs,
    http: { ...http, upstreamIdleTimeoutMs: UPSTREAM_IDLE_TIMEOUT_MS },
  };
}
