/**
 * Where connections and requests go to: the keys of clusters, and what is made of them.
 *
 * What keys say about each other is checked in `cluster_rules.ts`.
 *
 * @module
 */
import { z } from "zod";
import { parseEndpoint } from "../../net/target.ts";
import { type BalancerName, defaultClusterOptions, type OutlierOptions } from "../../proxy/cluster_options.ts";
import { defaultProxyConfig } from "../config.ts";
import type { HealthCheckOptions } from "../health/health_check_options.ts";
import type { ClusterConfig, EndpointConfig } from "../server_config.ts";
import type { ClusterSection } from "./types.ts";
import {
  authority,
  checkedPath,
  checkedText,
  endpointAddress,
  integer,
  milliseconds,
  oneOf,
  percent,
  someMilliseconds,
  whole,
} from "./values.ts";

const { http, ...defaults } = defaultProxyConfig;

const weightedEndpoint = z.strictObject(
  {
    address: endpointAddress.describe("The address, in the same forms."),
    weight: whole(1, 1000, 1, "Its share, in proportion to the others'; each address of a name has it."),
  },
  { error: "a mapping with an address and a weight" },
);

const endpoint = z
  .union([endpointAddress, weightedEndpoint], {
    error: 'an address, such as "127.0.0.1:3000", or a mapping with an address and a weight',
  })
  .transform((value): EndpointConfig => {
    const { address, weight } = typeof value === "string" ? { address: value, weight: 1 } : value;
    return { target: parseEndpoint(address), weight };
  });

const BALANCER_KEYS = ["round_robin", "least_connections", "least_request", "random", "ring_hash", "maglev"] as const;

const ownBalancer = z.strictObject(
  {
    module: checkedText("a module", checkModule).describe(
      "The module whose default export it is: a path from the configuration's folder, as `./my_balancer.ts`, or a URL.",
    ),
    options: z
      .record(z.string(), z.unknown(), { error: "a mapping of options" })
      .superRefine(checkCloneable)
      .default({})
      .describe("What its constructor is given."),
  },
  { error: "a mapping with a module" },
);

/** A path that says that it is one, or a URL. Others are names that depend on who resolves them. */
function checkModule(module: string): string | null {
  if (/^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(module)) return null;
  return `${JSON.stringify(module)} is neither a path nor a URL: a file beside the configuration is "./${module}"`;
}

/** Options are sent to the workers. */
function checkCloneable(options: Record<string, unknown>, context: z.core.$RefinementCtx): void {
  try {
    structuredClone(options);
  } catch {
    context.addIssue({ code: "custom", message: "can't be sent to the worker threads: only plain data can be" });
  }
}

const outlierObject = z.strictObject(
  {
    consecutive_5xx: whole(
      0,
      1 << 20,
      5,
      "After so many responses with 5xx in a row, failed connections and cut responses included; 0: never.",
    ),
    consecutive_gateway_errors: whole(
      0,
      1 << 20,
      0,
      "After so many 502, 503 and 504 in a row, failed connections and cut responses included; 0: never.",
    ),
    consecutive_connect_failures: whole(
      0,
      1 << 20,
      5,
      "After so many connections in a row that failed, or ended before the response; 0: never.",
    ),
    ejection_ms: someMilliseconds(30_000, "For how long at first; so many times as long after so many times in a row."),
    max_ejection_ms: someMilliseconds(300_000, "The longest time."),
    max_ejection_percent: percent(
      10,
      "The part of the endpoints that is left out at the same time; one may be, if there is another.",
    ),
  },
  { error: "a mapping of outlier detection" },
);

function toOutliers(outliers: z.output<typeof outlierObject>): OutlierOptions {
  return {
    consecutive5xx: outliers.consecutive_5xx,
    consecutiveGatewayErrors: outliers.consecutive_gateway_errors,
    consecutiveConnectFailures: outliers.consecutive_connect_failures,
    ejectionMs: outliers.ejection_ms,
    maximumEjectionMs: outliers.max_ejection_ms,
    maximumEjectionPercent: outliers.max_ejection_percent,
  };
}

const STATUSES = 'a status, or a range such as "200-299"';

const statusRange = checkedText(STATUSES, (value) => {
  const [, from, to] = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(value) ?? [];
  if (from !== undefined && to !== undefined && from <= to) return null;
  return `${JSON.stringify(value)} is not a range of statuses, such as 200-299`;
});

const statuses = z.union([integer(100, 599), statusRange], { error: STATUSES });

/** The keys of a health check that only HTTP has a use for. */
export const HTTP_CHECK_KEYS: readonly string[] = ["path", "host", "expected_statuses"];

const healthCheckObject = z.strictObject(
  {
    type: oneOf(["tcp", "http"]).describe(
      "What makes an endpoint good: `tcp`, a connection can be made; `http`, a request has a good answer.",
    ),
    path: checkedPath.default("/").describe("For `http`: what is asked for."),
    host: authority.optional().describe("For `http`: the Host field; without it the endpoint's address."),
    expected_statuses: z
      .array(statuses, { error: 'a list of statuses, such as ["200-299", 304]' })
      .min(1, { error: "at least one status" })
      .default(["200-299"])
      .describe("For `http`: which answers are good, statuses and ranges of them."),
    port: integer(1, 65535).optional().describe("Another port than the endpoint's."),
    interval_ms: someMilliseconds(5000, "From the end of a check to the next one; up to 10 % is added at random."),
    timeout_ms: someMilliseconds(2000, "How long a check may take."),
    unhealthy_threshold: whole(1, 1000, 3, "So many bad checks in a row, and an endpoint is not used any more."),
    healthy_threshold: whole(1, 1000, 2, "So many good ones in a row, and it is used again; at the start one decides."),
  },
  { error: "a mapping that describes a health check" },
);

function toHealthCheck(check: z.output<typeof healthCheckObject>): HealthCheckOptions {
  return {
    type: check.type,
    path: check.path,
    host: check.host ?? "",
    expectedStatuses: check.expected_statuses.map(toRange),
    port: check.port ?? 0,
    intervalMs: check.interval_ms,
    timeoutMs: check.timeout_ms,
    unhealthyThreshold: check.unhealthy_threshold,
    healthyThreshold: check.healthy_threshold,
  };
}

function toRange(statuses: number | string): [number, number] {
  if (typeof statuses === "number") return [statuses, statuses];
  const [from, to] = statuses.split("-").map(Number);
  return [from ?? 0, to ?? 0];
}

const retryBudgetObject = z.strictObject(
  {
    percent: percent(http.retryBudget.percent, "The part of the requests under way that may be sent again."),
    min: whole(0, 1 << 20, http.retryBudget.minimum, "But always so many."),
  },
  { error: "a mapping with percent and min" },
);

const clusterObject = z.strictObject(
  {
    name: z
      .string({ error: "a name" })
      .regex(/^[\w.-]{1,100}$/, { error: "a name of 1 to 100 letters, digits, and . _ -" })
      .describe("Its name, by which listeners and routes refer to it."),
    endpoints: z
      .array(endpoint, { error: 'a list of addresses, such as ["127.0.0.1:3000"]' })
      .min(1, { error: "at least one address" })
      .describe(
        "The servers: `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or `srv:NAME` for what a DNS SRV record says; a name " +
          "stands for all of its addresses. Or a mapping with such an `address` and a `weight`.",
      ),
    balancer: z
      .union([oneOf(BALANCER_KEYS), ownBalancer], {
        error: `one of ${BALANCER_KEYS.join(", ")}, or a mapping with a module`,
      })
      .default("round_robin")
      .describe(
        "How connections, or requests, are spread over the endpoints; `ring_hash` and `maglev`: by `hash` of a " +
          "route, or by a TCP client's address. Or one's own, a `Balancer`; see load-balancing.md.",
      ),
    slow_start_ms: milliseconds(
      defaultClusterOptions.slowStartMs,
      "For how long the share of an endpoint that is new, or healthy again, grows; 0: it has all of it at once. " +
        "Not for `ring_hash` and `maglev`.",
    ),
    panic_threshold_percent: percent(
      defaultClusterOptions.panicThresholdPercent,
      "With a smaller part of the endpoints neither unhealthy nor left out, all are used; 0: never.",
    ),
    outlier_detection: outlierObject
      .optional()
      .describe("Leave endpoints out for a while that answer badly; each worker sees its own part. Absent: off."),
    health_check: healthCheckObject.optional().describe("Ask endpoints whether they are good. Absent: off."),
    connect_timeout_ms: milliseconds(
      defaults.connectTimeoutMs,
      "How long connecting to an endpoint may take; 0: as long as the kernel tries.",
    ),
    connect_attempts: whole(1, 1000, defaults.connectAttempts, "Endpoints that are tried for a connection."),
    max_connections: whole(1, 1 << 20, http.upstreamConnections, "HTTP: connections to one endpoint, for each worker."),
    max_pending_requests: whole(
      0,
      1 << 20,
      http.pendingRequests,
      "HTTP: requests that wait for a connection to one endpoint, for each worker; above it 503.",
    ),
    max_requests: whole(
      0,
      1 << 30,
      http.maximumRequests,
      "HTTP: requests under way in the cluster, for each worker; above it 503. 0: no limit.",
    ),
    max_retries: whole(
      0,
      1 << 30,
      http.maximumRetries,
      "HTTP: requests that are being sent again, for each worker; 0: as `retry_budget` says.",
    ),
    retry_budget: retryBudgetObject
      .prefault({})
      .describe("HTTP: how many requests may be sent again at the same time, for each worker."),
    pending_timeout_ms: milliseconds(
      http.pendingTimeoutMs,
      "HTTP: how long a request waits for a connection; then 503.",
    ),
    idle_timeout_ms: milliseconds(
      http.upstreamIdleTimeoutMs,
      "HTTP: how long a connection to an endpoint is kept without a request.",
    ),
    max_requests_per_connection: whole(
      0,
      1 << 30,
      http.requestsPerConnection,
      "HTTP: requests on one connection to an endpoint; 0: no limit.",
    ),
  },
  { error: "a mapping that describes a cluster" },
);

/** The keys of a cluster that only HTTP has a use for. */
export const HTTP_CLUSTER_KEYS: readonly string[] = [
  "max_connections",
  "max_pending_requests",
  "max_requests",
  "max_retries",
  "retry_budget",
  "pending_timeout_ms",
  "idle_timeout_ms",
  "max_requests_per_connection",
];

const BALANCER_NAMES: Readonly<Record<(typeof BALANCER_KEYS)[number], BalancerName>> = {
  round_robin: "round-robin",
  least_connections: "least-connections",
  least_request: "least-request",
  random: "random",
  ring_hash: "ring-hash",
  maglev: "maglev",
};

/** A group of endpoints. */
export const clusterSection: z.ZodType<ClusterConfig, ClusterSection> = clusterObject.transform(
  (cluster): ClusterConfig => ({
    name: cluster.name,
    endpoints: cluster.endpoints,
    options: {
      balancer: typeof cluster.balancer === "string" ? BALANCER_NAMES[cluster.balancer] : cluster.balancer,
      slowStartMs: cluster.slow_start_ms,
      panicThresholdPercent: cluster.panic_threshold_percent,
      outliers: cluster.outlier_detection === undefined ? null : toOutliers(cluster.outlier_detection),
    },
    healthCheck: cluster.health_check === undefined ? null : toHealthCheck(cluster.health_check),
    connectAttempts: cluster.connect_attempts,
    connectTimeoutMs: cluster.connect_timeout_ms,
    http: {
      upstreamConnections: cluster.max_connections,
      upstreamIdleTimeoutMs: cluster.idle_timeout_ms,
      requestsPerConnection: cluster.max_requests_per_connection,
      pendingRequests: cluster.max_pending_requests,
      pendingTimeoutMs: cluster.pending_timeout_ms,
      maximumRequests: cluster.max_requests,
      maximumRetries: cluster.max_retries,
      retryBudget: { percent: cluster.retry_budget.percent, minimum: cluster.retry_budget.min },
    },
  }),
);
