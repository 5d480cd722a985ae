/**
 * Turns a checked configuration file into what a server is started with.
 *
 * Every option is named here: one that is new, and that the file does not have, is an error of the compiler.
 *
 * @module
 */
import type { ClusterConfig, HttpListenerConfig, ListenerConfig, ServerConfig } from "../server_config.ts";
import { parseEndpoint, parseTarget } from "../target.ts";
import type { CompleteConfigFile } from "./types.ts";

type Listener = CompleteConfigFile["listeners"][number];
type Cluster = CompleteConfigFile["clusters"][number];

/** What the file says, in the words of the rest of the program. */
export function convert(file: CompleteConfigFile): ServerConfig {
  const { io_uring } = file;
  return {
    workers: file.workers,
    socketInterface: file.socket_interface,
    ioUring: {
      ioUringSize: io_uring.io_uring_size,
      acceptSize: io_uring.accept_size,
      readBufferSize: io_uring.read_buffer_size,
      writeTimeoutMs: io_uring.write_timeout_ms,
      useSubmissionQueuePolling: io_uring.use_submission_queue_polling || io_uring.enable_submission_queue_polling,
    },
    drainTimeoutMs: file.drain_timeout_ms,
    dnsRefreshMs: file.dns_refresh_ms,
    maximumConnections: file.max_connections,
    backlog: file.backlog,
    accessLog: file.access_log,
    accessLogFormat: file.access_log_format,
    listeners: file.listeners.map(convertListener),
    clusters: file.clusters.map(convertCluster),
  };
}

function convertListener(listener: Listener): ListenerConfig {
  const { listen } = listener;
  return {
    listen: (typeof listen === "string" ? [listen] : listen).map(parseTarget),
    protocol: listener.protocol,
    cluster: listener.cluster,
    maximumConnections: listener.max_connections,
    http: convertHttp(listener.http),
    idleTimeoutMs: listener.tcp.idle_timeout_ms,
  };
}

function convertHttp(http: Listener["http"]): HttpListenerConfig {
  const { limits } = http;
  return {
    headTimeoutMs: http.head_timeout_ms,
    keepAliveTimeoutMs: http.keep_alive_timeout_ms,
    responseTimeoutMs: http.response_timeout_ms,
    streamIdleTimeoutMs: http.stream_idle_timeout_ms,
    trustedHops: http.trusted_hops,
    lingerBytes: http.linger_bytes,
    limits: {
      headBytes: limits.head_bytes,
      fieldCount: limits.fields,
      targetBytes: limits.target_bytes,
      chunkExtensionBytes: limits.chunk_extension_bytes,
      trailerBytes: limits.trailer_bytes,
    },
  };
}

function convertCluster(cluster: Cluster): ClusterConfig {
  return {
    name: cluster.name,
    endpoints: cluster.endpoints.map((endpoint) => ({ target: parseEndpoint(endpoint), weight: 1 })),
    healthCheck: null,
    balancer: cluster.balancer === "least_connections" ? "least-connections" : "round-robin",
    connectAttempts: cluster.connect_attempts,
    connectTimeoutMs: cluster.connect_timeout_ms,
    http: {
      upstreamConnections: cluster.max_connections,
      upstreamIdleTimeoutMs: cluster.idle_timeout_ms,
      requestsPerConnection: cluster.max_requests_per_connection,
      pendingRequests: cluster.max_pending_requests,
      pendingTimeoutMs: cluster.pending_timeout_ms,
      maximumRequests: 0,
      maximumRetries: 0,
      retryBudget: { percent: 20, minimum: 3 },
    },
  };
}
