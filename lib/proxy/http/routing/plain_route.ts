/**
 * The simplest routes there are.
 *
 * @module
 */
import type { RouteMatch, RouteOptions, VirtualHostOptions } from "./route_options.ts";

/** All requests. */
export const anyRequest: RouteMatch = { methods: [], headers: [], query: [] };

/** A route that sends all requests to one cluster, as they are. */
export function plainRoute(cluster: string): RouteOptions {
  return {
    name: "",
    match: anyRequest,
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

/** A virtual host for requests to all hosts. */
export function anyHost(routes: readonly RouteOptions[]): VirtualHostOptions {
  return { name: "*", domains: ["*"], routes };
}
