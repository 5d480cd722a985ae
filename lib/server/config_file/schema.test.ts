import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseTarget } from "../../net/target.ts";
import type { HttpFilter } from "../../proxy/http/filters/filter.ts";
import { anyRequest, plainRoute } from "../../proxy/http/routing/plain_route.ts";
import type { RouteOptions } from "../../proxy/http/routing/route_options.ts";
import { RouteTable } from "../../proxy/http/routing/route_table.ts";
import { checkValue } from "./check.ts";
import { defineConfig } from "./define_config.ts";
import { ConfigFileError } from "./problem.ts";
import type { ClusterSection, ConfigFile, ListenerSection } from "./types.ts";

const URL_OF_FILE = "file:///ringway.config.ts";

const filter: HttpFilter = { name: "own", onEnd: () => {} };

/** A class has its functions in its prototype. */
class Counter implements HttpFilter {
  readonly name: string = "counter";
  /** Requests so far. */
  count = 0;
  onRequestHead(): void {
    this.count++;
  }
}

const SECRET = "a secret of thirty-two bytes, ok";

/** Every key of all sections. */
const FULL: ConfigFile = defineConfig({
  listeners: [
    {
      listen: "127.0.0.1:80",
      http: { filter_timeout_ms: 7 },
      filters: [
        {
          type: "cors",
          match: { prefix: "/api", methods: ["GET"] },
          allow_origins: ["https://*.example.com"],
          allow_methods: ["PUT"],
          allow_headers: ["x-a"],
          expose_headers: ["x-b"],
          allow_credentials: true,
          max_age_s: 5,
        },
        { type: "basic_auth", realm: "shop", users: { me: "plain:x" } },
        { type: "ip_filter", allow: ["10.0.0.0/8"], deny: ["10.1.2.3"] },
        {
          type: "rate_limit",
          requests: 5,
          per_ms: 6,
          burst: 7,
          key: "header",
          header: "x-key",
          max_keys: 8,
          status: 503,
        },
        { type: "compression", algorithms: ["zstd"], min_bytes: 1, types: ["text/*"], level: 9 },
        {
          type: "jwt",
          algorithms: ["HS256"],
          secret: SECRET,
          issuer: "me",
          audience: "you",
          header: "x-token",
          cookie: "token",
          claims_to_headers: { sub: "x-sub" },
          clock_tolerance_s: 1,
          optional: true,
        },
        { type: "fault", delay_ms: 1, delay_percent: 0.5, abort_status: 503, abort_percent: 2 },
        { type: "custom", filter, match: { path: "/x" } },
        { type: "custom", filter: new Counter() },
      ],
      virtual_hosts: [
        {
          name: "shop",
          domains: ["shop.example", "*.shop.example"],
          routes: [
            {
              name: "api",
              match: {
                prefix: "/api",
                methods: ["GET", "POST"],
                headers: [{ name: "x-canary", exact: "1" }],
                query: [{ name: "debug", present: true }],
              },
              clusters: [
                { cluster: "api", weight: 90 },
                { cluster: "hashing", weight: 10 },
              ],
              rewrite: { prefix: "/", host: "api.internal:8080" },
              request_headers: { set: { "x-team": "shop" }, add: { "x-tag": ["a", "b"] }, remove: ["x-debug"] },
              response_headers: { set: { "x-many": ["1", "2", "3"] } },
              mirror: { cluster: "api", percent: 10 },
              hash: [{ cookie: "session" }, { header: "x-user" }, { query: "user" }, { source: true }],
              retry: {
                on: ["connect-failure", "timeout"],
                statuses: [429],
                attempts: 3,
                all_methods: true,
                per_try_timeout_ms: 500,
                back_off_ms: 10,
                max_back_off_ms: 20,
                body_bytes: 5,
              },
              timeout_ms: 15000,
              response_timeout_ms: 0,
              stream_idle_timeout_ms: 5,
              allow_connect: true,
            },
            {
              match: { path: "/old" },
              redirect: { path: "/new", status: 308, strip_query: true, scheme: "https", port: 8443 },
            },
            { match: { regex: "/v[0-9]+/health" }, response: { status: 200, body: "ok\n", content_type: "text/html" } },
            {
              cluster: "api",
              rewrite: { regex: { pattern: "/+", replacement: "/" }, host_from_endpoint: true },
              hash: [],
            },
          ],
        },
        { domains: ["*"], routes: [{ response: { status: 404 } }] },
      ],
    },
    { listen: "127.0.0.1:81", routes: [{ cluster: "api" }] },
    { listen: "127.0.0.1:82", protocol: "tcp", cluster: "api", tcp: { idle_timeout_ms: 1 } },
  ],
  clusters: [
    {
      name: "api",
      endpoints: ["127.0.0.1:3000", { address: "127.0.0.1:3001", weight: 2 }, { address: "unix:/a" }],
      balancer: "least_request",
      slow_start_ms: 1,
      panic_threshold_percent: 2.5,
      outlier_detection: {
        consecutive_5xx: 1,
        consecutive_gateway_errors: 2,
        consecutive_connect_failures: 3,
        ejection_ms: 4,
        max_ejection_ms: 5,
        max_ejection_percent: 6,
      },
      health_check: {
        type: "http",
        path: "/healthz?a",
        host: "api.example:80",
        expected_statuses: ["200-299", 304],
        port: 99,
        interval_ms: 1,
        timeout_ms: 2,
        unhealthy_threshold: 3,
        healthy_threshold: 4,
      },
      max_requests: 5,
      max_retries: 6,
      retry_budget: { percent: 7, min: 8 },
    },
    { name: "hashing", endpoints: ["127.0.0.1:1"], balancer: "ring_hash", health_check: { type: "tcp" } },
  ],
});

/** The listener at an index, which relays HTTP. */
function httpListener(file: ConfigFile, index: number) {
  const listener = checkValue("f", file, URL_OF_FILE).config.listeners[index];
  assert.ok(listener?.protocol === "http");
  return listener;
}

function small(listener: Partial<ListenerSection>, cluster: Partial<ClusterSection> = {}): ConfigFile {
  return {
    listeners: [{ listen: "a:2", ...listener }],
    clusters: [{ name: "web", endpoints: ["a:1"], ...cluster }],
  };
}

describe("a file with every key of routes", () => {
  const { virtualHosts } = httpListener(FULL, 0);
  const [shop, rest] = virtualHosts;

  it("has its virtual hosts, of which one has the name of its domain", () => {
    assert.equal(virtualHosts.length, 2);
    assert.equal(shop?.name, "shop");
    assert.deepEqual(shop.domains, ["shop.example", "*.shop.example"]);
    assert.equal(rest?.name, "*");
  });

  it("says all of a route", () => {
    const expected: RouteOptions = {
      name: "api",
      match: {
        prefix: "/api",
        methods: ["GET", "POST"],
        headers: [{ name: "x-canary", exact: "1" }],
        query: [{ name: "debug", present: true }],
      },
      action: {
        type: "clusters",
        clusters: [
          { cluster: "api", weight: 90 },
          { cluster: "hashing", weight: 10 },
        ],
      },
      rewrite: { prefix: "/", host: "api.internal:8080", hostFromEndpoint: false },
      requestHeaders: {
        set: [["x-team", "shop"]],
        add: [
          ["x-tag", "a"],
          ["x-tag", "b"],
        ],
        remove: ["x-debug"],
      },
      // The first value takes the place of the others, to which the rest is added.
      responseHeaders: {
        set: [["x-many", "1"]],
        add: [
          ["x-many", "2"],
          ["x-many", "3"],
        ],
        remove: [],
      },
      mirror: { cluster: "api", percent: 10 },
      hash: [
        { type: "cookie", name: "session" },
        { type: "header", name: "x-user" },
        { type: "query", name: "user" },
        { type: "source" },
      ],
      retry: {
        on: ["connect-failure", "timeout"],
        statuses: [429],
        attempts: 3,
        isForAllMethods: true,
        perTryTimeoutMs: 500,
        backOffMs: 10,
        maximumBackOffMs: 20,
        bodyBytes: 5,
      },
      timeoutMs: 15000,
      responseTimeoutMs: 0,
      streamIdleTimeoutMs: 5,
      allowsConnect: true,
    };
    assert.deepEqual(shop?.routes[0], expected);
  });

  it("says what a redirect, a response and a rewrite are", () => {
    const redirect = { path: "/new", status: 308, stripQuery: true, scheme: "https", port: 8443 };
    assert.deepEqual(shop?.routes[1]?.action, { type: "redirect", redirect });
    const response = { status: 200, body: "ok\n", contentType: "text/html" };
    assert.deepEqual(shop?.routes[2]?.action, { type: "response", response });
    const rewrite = { regex: { pattern: "/+", replacement: "/" }, hostFromEndpoint: true };
    assert.deepEqual(shop?.routes[3], { ...plainRoute("api"), rewrite });
  });

  it("has the same virtual host for routes without one as for a cluster", () => {
    assert.deepEqual(
      httpListener(FULL, 1).virtualHosts,
      httpListener(small({ cluster: "web" }), 0).virtualHosts.map((host) => ({ ...host, routes: [plainRoute("api")] })),
    );
  });
});

describe("a file with every key of filters", () => {
  const listener = httpListener(FULL, 0);

  it("says all of them, in their order", () => {
    const { http, filters } = listener;
    assert.equal(http.filterTimeoutMs, 7);
    assert.deepEqual(
      filters.map(({ match }) => match),
      [
        { ...anyRequest, prefix: "/api", methods: ["GET"] },
        ...[null, null, null, null, null, null],
        { ...anyRequest, path: "/x" },
        null,
      ],
    );
    assert.deepEqual(
      filters.map((one) => one.filter),
      [
        {
          type: "cors",
          options: {
            allowOrigins: ["https://*.example.com"],
            allowMethods: ["PUT"],
            allowHeaders: ["x-a"],
            exposeHeaders: ["x-b"],
            allowCredentials: true,
            maxAgeS: 5,
          },
        },
        { type: "basic-auth", options: { realm: "shop", users: { me: "plain:x" } } },
        { type: "ip-filter", options: { allow: ["10.0.0.0/8"], deny: ["10.1.2.3"] } },
        {
          type: "rate-limit",
          options: { requests: 5, perMs: 6, burst: 7, key: "header", header: "x-key", maximumKeys: 8, status: 503 },
        },
        { type: "compression", options: { algorithms: ["zstd"], minimumBytes: 1, types: ["text/*"], level: 9 } },
        {
          type: "jwt",
          options: {
            algorithms: ["HS256"],
            secret: SECRET,
            jwksUrl: "",
            jwksFile: "",
            issuer: "me",
            audience: ["you"],
            header: "x-token",
            cookie: "token",
            claimsToHeaders: { sub: "x-sub" },
            clockToleranceS: 1,
            isOptional: true,
          },
        },
        { type: "fault", options: { delayMs: 1, delayPercent: 0.5, abortStatus: 503, abortPercent: 2 } },
        { type: "custom", name: "own" },
        { type: "custom", name: "counter" },
      ],
    );
  });

  it("is plain data that can be sent to a worker, with the module that has the functions", () => {
    const { config } = checkValue("f", FULL, URL_OF_FILE);
    assert.deepEqual(structuredClone(config), config);
    assert.equal(config.module, URL_OF_FILE);
    assert.equal(checkValue("f", small({ cluster: "web" }), URL_OF_FILE).config.module, null);
  });

  it("chooses the algorithms of tokens by the kind of the key", () => {
    const algorithms = (keys: { secret: string } | { jwks_file: string }) => {
      const [first] = httpListener(small({ cluster: "web", filters: [{ type: "jwt", ...keys }] }), 0).filters;
      return first?.filter.type === "jwt" ? first.filter.options.algorithms : null;
    };
    assert.deepEqual(algorithms({ secret: SECRET }), ["HS256"]);
    assert.deepEqual(algorithms({ jwks_file: "keys.json" }), ["RS256", "ES256"]);
  });

  it("lets as many requests come at once as in the whole time", () => {
    const [first] = httpListener(small({ cluster: "web", filters: [{ type: "rate_limit", requests: 9 }] }), 0).filters;
    const options = {
      requests: 9,
      perMs: 1000,
      burst: 9,
      key: "client",
      header: "",
      maximumKeys: 100_000,
      status: 429,
    };
    assert.deepEqual(first, { match: null, filter: { type: "rate-limit", options } });
  });
});

describe("a file with every key of clusters", () => {
  const [api, hashing] = checkValue("f", FULL, URL_OF_FILE).config.clusters;

  it("says how endpoints are chosen", () => {
    assert.deepEqual(api?.endpoints, [
      { target: parseTarget("127.0.0.1:3000"), weight: 1 },
      { target: parseTarget("127.0.0.1:3001"), weight: 2 },
      { target: parseTarget("unix:/a"), weight: 1 },
    ]);
    assert.deepEqual(api.options, {
      balancer: "least-request",
      slowStartMs: 1,
      panicThresholdPercent: 2.5,
      outliers: {
        consecutive5xx: 1,
        consecutiveGatewayErrors: 2,
        consecutiveConnectFailures: 3,
        ejectionMs: 4,
        maximumEjectionMs: 5,
        maximumEjectionPercent: 6,
      },
    });
  });

  it("says how they are checked, and how many requests they get", () => {
    assert.deepEqual(api?.healthCheck, {
      type: "http",
      path: "/healthz?a",
      host: "api.example:80",
      expectedStatuses: [
        [200, 299],
        [304, 304],
      ],
      port: 99,
      intervalMs: 1,
      timeoutMs: 2,
      unhealthyThreshold: 3,
      healthyThreshold: 4,
    });
    const { maximumRequests, maximumRetries, retryBudget } = api.http;
    assert.deepEqual([maximumRequests, maximumRetries, retryBudget], [5, 6, { percent: 7, minimum: 8 }]);
  });

  it("has defaults for the rest", () => {
    assert.deepEqual(hashing?.healthCheck, {
      type: "tcp",
      path: "/",
      host: "",
      expectedStatuses: [[200, 299]],
      port: 0,
      intervalMs: 5000,
      timeoutMs: 2000,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
    });
    assert.equal(hashing.options.outliers, null);
    const [first] = checkValue("f", small({ cluster: "web" }, { outlier_detection: {} }), "").config.clusters;
    assert.deepEqual(first?.options.outliers, {
      consecutive5xx: 5,
      consecutiveGatewayErrors: 0,
      consecutiveConnectFailures: 5,
      ejectionMs: 30_000,
      maximumEjectionMs: 300_000,
      maximumEjectionPercent: 10,
    });
  });
});

/** The paths of all values in a value. */
function pathsIn(value: unknown, before: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [before];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const record = value as Readonly<Record<string | number, unknown>>;
  return [before, ...keys.flatMap((key) => pathsIn(record[key], [...before, key]))];
}

/** A copy with another value at a path. */
function replaced(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

describe("whatever stands in the place of a value", () => {
  it("is accepted, and good for a route table, or refused", () => {
    const places = pathsIn(FULL);
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(undefined, Number.NaN, "", "web", "api", "/", "*", [], {}, [null], { cluster: "api" }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), anything, (path, by) => {
        try {
          const { config } = checkValue("f", replaced(FULL, path, by), URL_OF_FILE);
          for (const listener of config.listeners) {
            if (listener.protocol === "http") assert.ok(new RouteTable(listener.virtualHosts).routes.length > 0);
          }
        } catch (error) {
          if (!(error instanceof ConfigFileError)) throw error;
          assert.ok(error.problems.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
