/**
 * The simplest routes there are.
 *
 * @module
 */
import type { RouteOptions, VirtualHostOptions } from "./route_options.ts";

/** All requests to one cluster, as they are. */
export function plainRoute(cluster: string): RouteOptions {
  return {
    name: "",
    match: { methods: [], headers: [], query: [] },
    action: { type: "clusters", clusters: [{ cluster, weight: 1 }] },
    rewrite: null,
    requestHeaders: null,
    responseHeaders: null,
    mirror: null,
    hash: [],
    retry: null,
    timeoutMs: 0,
    responseTimeoutMs: null,
    streamIdleTimeoutMs: null,
    allowsConnect: false,
  };
}

/** The same for all hosts. */
export function plainVirtualHosts(cluster: string): VirtualHostOptions[] {
  return [{ name: "*", domains: ["*"], routes: [plainRoute(cluster)] }];
}
