/**
 * Where connections are accepted, and what is done with them: the keys of listeners, and what is made of them.
 *
 * What keys say about each other is checked in `references.ts`.
 *
 * @module
 */
import { z } from "zod";
import { parseTarget } from "../../net/target.ts";
import { anyHost, plainRoute } from "../../proxy/http/routing/plain_route.ts";
import { defaultProxyConfig } from "../config.ts";
import type { HttpListenerConfig, ListenerConfig } from "../server_config.ts";
import { filterSection } from "./filter_schema.ts";
import { routeSection, virtualHostSection } from "./route_schema.ts";
import type { ListenerSection } from "./types.ts";
import { choice, clusterName, flag, list, listenAddress, milliseconds, whole } from "./values.ts";

const { http, ...defaults } = defaultProxyConfig;

const httpLimits = z.strictObject(
  {
    head_bytes: whole(256, 1 << 20, http.limits.headBytes, "Bytes of a head; above it 431 (or 414 for the target)."),
    fields: whole(1, 10_000, http.limits.fieldCount, "Fields of a head, and of a trailer section."),
    target_bytes: whole(64, 1 << 20, http.limits.targetBytes, "Bytes of a request's target; above it 414."),
    chunk_extension_bytes: whole(
      0,
      1 << 20,
      http.limits.chunkExtensionBytes,
      "Bytes of the extensions of all chunks of one body.",
    ),
    trailer_bytes: whole(2, 1 << 20, http.limits.trailerBytes, "Bytes of a trailer section."),
  },
  { error: "a mapping of limits" },
);

const httpObject = z.strictObject(
  {
    head_timeout_ms: milliseconds(http.headTimeoutMs, "How long the head of a request may take; then 408."),
    keep_alive_timeout_ms: milliseconds(
      http.keepAliveTimeoutMs,
      "How long a client's connection may be without a request.",
    ),
    response_timeout_ms: milliseconds(http.responseTimeoutMs, "How long an endpoint may take to respond; then 504."),
    stream_idle_timeout_ms: milliseconds(
      http.streamIdleTimeoutMs,
      "How long a body or a WebSocket may be without bytes.",
    ),
    trusted_hops: whole(0, 100, http.trustedHops, "Proxies in front whose X-Forwarded-* are believed."),
    forwarded: flag(http.writesForwarded, "Add the field Forwarded (RFC 7239) to requests too."),
    linger_bytes: whole(
      0,
      1 << 30,
      http.lingerBytes,
      "Bytes of a request's body that are read in vain after its answer, before the connection is closed.",
    ),
    filter_timeout_ms: milliseconds(http.filterTimeoutMs, "How long a function of a filter may take; then 504."),
    limits: httpLimits.prefault({}).describe("How much of a message is held before it is refused."),
  },
  { error: "a mapping of HTTP options" },
);

const tcpObject = z.strictObject(
  { idle_timeout_ms: milliseconds(defaults.idleTimeoutMs, "How long a connection may be without bytes; 0: for ever.") },
  { error: "a mapping of TCP options" },
);

const listenerObject = z.strictObject(
  {
    listen: z
      .union([listenAddress, z.array(listenAddress).min(1, { error: "at least one address" })], {
        error: 'an address, such as "127.0.0.1:8080", or a list of addresses',
      })
      .describe("Where to accept connections: `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or a list of those."),
    reuse_port: flag(
      defaults.reusePort,
      "Let other processes of the same user listen there too (SO_REUSEPORT), to take over without a gap.",
    ),
    protocol: choice(["http", "tcp"], "http", "What is relayed: HTTP requests, or the bytes of connections."),
    cluster: clusterName
      .optional()
      .describe("The cluster to relay to, by its name. HTTP: exactly one of this and the next two."),
    routes: z
      .array(routeSection, { error: "a list of routes" })
      .min(1, { error: "at least one route" })
      .optional()
      .describe("HTTP: routes for all hosts. The first one that matches is taken; without one, 404."),
    virtual_hosts: z
      .array(virtualHostSection, { error: "a list of virtual hosts" })
      .min(1, { error: "at least one virtual host" })
      .optional()
      .describe("HTTP: routes for some hosts each."),
    filters: list(
      filterSection,
      "a list of filters",
      "HTTP: what requests pass through on their way, and responses in the opposite order.",
    ),
    max_connections: whole(
      0,
      1 << 20,
      0,
      "Connections of this listener at the same time, over all workers; above it none is accepted. 0: no limit.",
    ),
    http: httpObject.prefault({}).describe("For `protocol: http` only."),
    tcp: tcpObject.prefault({}).describe("For `protocol: tcp` only."),
  },
  { error: "a mapping that describes a listener" },
);

type Listener = z.output<typeof listenerObject>;

/** The keys of a listener that only HTTP has a use for. */
export const HTTP_LISTENER_KEYS: readonly string[] = ["routes", "virtual_hosts", "filters", "http"];

/** Where connections are accepted. */
export const listenerSection: z.ZodType<ListenerConfig, ListenerSection> = listenerObject.transform(
  (listener): ListenerConfig => {
    const { protocol, cluster = "", routes = [plainRoute(cluster)], virtual_hosts, filters } = listener;
    const listen = (typeof listener.listen === "string" ? [listener.listen] : listener.listen).map(parseTarget);
    const common = { listen, reusePort: listener.reuse_port, maximumConnections: listener.max_connections };
    if (protocol === "tcp") return { ...common, protocol, cluster, idleTimeoutMs: listener.tcp.idle_timeout_ms };
    return {
      ...common,
      protocol,
      virtualHosts: virtual_hosts ?? [anyHost(routes)],
      filters,
      http: toHttpConfig(listener.http),
    };
  },
);

function toHttpConfig(http: Listener["http"]): HttpListenerConfig {
  const { limits } = http;
  return {
    headTimeoutMs: http.head_timeout_ms,
    keepAliveTimeoutMs: http.keep_alive_timeout_ms,
    responseTimeoutMs: http.response_timeout_ms,
    streamIdleTimeoutMs: http.stream_idle_timeout_ms,
    trustedHops: http.trusted_hops,
    writesForwarded: http.forwarded,
    lingerBytes: http.linger_bytes,
    filterTimeoutMs: http.filter_timeout_ms,
    limits: {
      headBytes: limits.head_bytes,
      fieldCount: limits.fields,
      targetBytes: limits.target_bytes,
      chunkExtensionBytes: limits.chunk_extension_bytes,
      trailerBytes: limits.trailer_bytes,
    },
  };
}
