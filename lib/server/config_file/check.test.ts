import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseTarget } from "../../net/target.ts";
import { defaultClusterOptions } from "../../proxy/cluster_options.ts";
import { anyHost, plainRoute } from "../../proxy/http/routing/plain_route.ts";
import { defaultProxyConfig } from "../config.ts";
import { override } from "../overrides.ts";
import { checkValue } from "./check.ts";
import { checkYaml } from "./check_yaml.ts";
import { problems } from "./test_problems.ts";

const CLUSTERS = "clusters: [{ name: web, endpoints: ['127.0.0.1:1'] }]";
const LISTENERS = "listeners: [{ listen: '127.0.0.1:0', cluster: web }]";
const SMALLEST = `${LISTENERS}\n${CLUSTERS}\n`;

const INTEGER = "a whole number from";

/** Texts, and all problems that they have. */
const BAD: readonly (readonly [name: string, text: string, ...problems: string[]])[] = [
  ["an empty file", "", "1:1:  found nothing; allowed: a mapping with listeners and clusters"],
  ["a list", "[]", "1:1:  found an empty list; allowed: a mapping with listeners and clusters"],
  [
    "an empty mapping",
    "{}",
    "1:1: listeners: missing; it is a list of listeners",
    "1:1: clusters: missing; it is a list of clusters",
  ],
  [
    "no listeners",
    `listeners: []\n${CLUSTERS}`,
    "1:12: listeners: found an empty list; allowed: at least one listener",
    '2:20: clusters[0].name: nothing goes to "web": no listener and no route names it',
  ],
  ["an unknown key", `wrokers: 2\n${SMALLEST}`, '1:1: wrokers: unknown key; did you mean "workers"?'],
  ["another spelling", `logLevel: info\n${SMALLEST}`, '1:1: logLevel: unknown key; did you mean "log_level"?'],
  [
    "a key like no other",
    `${LISTENERS.replace("web }", "web, tcp: { something: 1 }, protocol: tcp }")}\n${CLUSTERS}`,
    "1:59: listeners[0].tcp.something: unknown key; known here: idle_timeout_ms",
  ],
  ["a wrong type", `backlog: many\n${SMALLEST}`, `1:10: backlog: found "many"; allowed: ${INTEGER} 1 to 65535`],
  ["a broken number", `backlog: 1.5\n${SMALLEST}`, `1:10: backlog: found 1.5; allowed: ${INTEGER} 1 to 65535`],
  [
    "too small",
    `io_uring:\n  io_uring_size: 4\n${SMALLEST}`,
    `2:18: io_uring.io_uring_size: found 4; allowed: ${INTEGER} 8 to 32768`,
  ],
  ["no value", `backlog:\n${SMALLEST}`, `1:9: backlog: found nothing; allowed: ${INTEGER} 1 to 65535`],
  ["no workers", `workers: 0\n${SMALLEST}`, '1:10: workers: found 0; allowed: "auto" or a whole number from 1 to 250'],
  [
    "some workers",
    `workers: some\n${SMALLEST}`,
    '1:10: workers: found "some"; allowed: "auto" or a whole number from 1 to 250',
  ],
  [
    "a wrong choice",
    `log_level: loud\n${SMALLEST}`,
    '1:12: log_level: found "loud"; allowed: one of trace, debug, info, warning, error, fatal',
  ],
  [
    "two names of one option",
    `io_uring: { use_submission_queue_polling: true, enable_submission_queue_polling: true }\n${SMALLEST}`,
    '1:49: io_uring.enable_submission_queue_polling: another name of "use_submission_queue_polling", ' +
      "which is there too",
  ],
  [
    "limits of an overload in the wrong order",
    `overload: { pause_delay_ms: 1200, pause_memory_bytes: 5, refuse_memory_bytes: 4 }\n${SMALLEST}`,
    "1:29: overload.pause_delay_ms: pause_delay_ms, 1200, is more than refuse_delay_ms, 1000",
    "1:55: overload.pause_memory_bytes: pause_memory_bytes, 5, is more than refuse_memory_bytes, 4",
  ],
  [
    "a limit of an overload that is less than the other's default",
    `overload: { refuse_delay_ms: 400, refuse_memory_byte: 1 }\n${SMALLEST}`,
    "1:30: overload.refuse_delay_ms: pause_delay_ms, 500, is more than refuse_delay_ms, 400",
    '1:35: overload.refuse_memory_byte: unknown key; did you mean "refuse_memory_bytes"?',
  ],
  [
    "bad addresses",
    `listeners: [{ listen: ['127.0.0.1', 5], cluster: web }]\nclusters: [{ name: web, endpoints: ['a:1', 'b:0'] }]`,
    '1:24: listeners[0].listen[0]: "127.0.0.1" is not an address: the port is missing, such as 127.0.0.1:80',
    '1:37: listeners[0].listen[1]: found 5; allowed: an address: "HOST:PORT", "[IPV6]:PORT" or "unix:PATH"',
    '2:44: clusters[0].endpoints[1]: "b:0": port 0 cannot be connected to',
  ],
  [
    "an endpoint with a scheme",
    `${LISTENERS}\nclusters: [{ name: web, endpoints: ['http://a:1/'] }]`,
    '2:37: clusters[0].endpoints[0]: "http://a:1/": an endpoint has no scheme here: write a:1; ' +
      'the listener\'s "protocol" says it',
  ],
  [
    "a listener that listens nowhere",
    `listeners: [{ cluster: web }]\n${CLUSTERS}`,
    '1:13: listeners[0].listen: missing; it is an address, such as "127.0.0.1:8080", or a list of addresses',
  ],
  [
    "an address twice",
    `listeners: [{ listen: '[::1]:80', cluster: web }, { listen: ['[::1]:80'], cluster: web }]\n${CLUSTERS}`,
    '1:62: listeners[1].listen[0]: "[::1]:80" is listened on already',
  ],
  [
    "a unix socket that is shared",
    `listeners: [{ listen: ['unix:/a'], reuse_port: true, cluster: web }]\n${CLUSTERS}`,
    "1:36: listeners[0].reuse_port: processes can't share a unix socket",
  ],
  [
    "an unknown cluster",
    `${LISTENERS.replace("web", "wbe")}\n${CLUSTERS}`,
    '1:47: listeners[0].cluster: no cluster is named "wbe"; did you mean "web"?',
  ],
  [
    "a cluster's name twice",
    `${LISTENERS}\nclusters: [{ name: web, endpoints: ['a:1'] }, { name: web, endpoints: ['b:1'] }]`,
    '2:55: clusters[1].name: "web" is the name of another cluster already',
  ],
  [
    "a section of another protocol",
    `${LISTENERS.replace("web }", "web, tcp: {} }")}\n${CLUSTERS}`,
    "1:52: listeners[0].tcp: the protocol of this listener is http",
  ],
  [
    "what only HTTP has a use for",
    `${LISTENERS.replace("web }", "web, protocol: tcp }")}\n${CLUSTERS.replace("web,", "web, idle_timeout_ms: 5,")}`,
    "2:25: clusters[0].idle_timeout_ms: only HTTP has a use for it, and only TCP goes to this cluster",
  ],
  [
    "a listener that says nothing about where to",
    `listeners: [{ listen: '127.0.0.1:0' }]\n${CLUSTERS}`,
    "1:13: listeners[0]: needs exactly one of cluster, routes and virtual_hosts",
    '2:20: clusters[0].name: nothing goes to "web": no listener and no route names it',
  ],
  [
    "a misspelt key that one of has to be there",
    `${LISTENERS.replace("cluster", "clutser")}\n${CLUSTERS}`,
    '1:38: listeners[0].clutser: unknown key; did you mean "cluster"?',
    '2:20: clusters[0].name: nothing goes to "web": no listener and no route names it',
  ],
  [
    "a misspelt key that has to be there",
    `${LISTENERS}\n${CLUSTERS.replace("endpoints", "endpoint")}`,
    '2:25: clusters[0].endpoint: unknown key; did you mean "endpoints"?',
  ],
  [
    "a listener that says it twice",
    `${LISTENERS.replace("web }", "web, routes: [{ cluster: web }] }")}\n${CLUSTERS}`,
    '1:52: listeners[0].routes: "cluster" is there too; allowed: exactly one of cluster, routes and virtual_hosts',
  ],
  [
    "TCP without a cluster, and with what only HTTP has",
    `listeners: [{ listen: '127.0.0.1:0', protocol: tcp, routes: [], filters: [] }]\n${CLUSTERS}`,
    "1:13: listeners[0].cluster: missing; TCP goes to one cluster",
    "1:53: listeners[0].routes: the protocol of this listener is tcp",
    "1:61: listeners[0].routes: found an empty list; allowed: at least one route",
    "1:65: listeners[0].filters: the protocol of this listener is tcp",
    '2:20: clusters[0].name: nothing goes to "web": no listener and no route names it',
  ],
  [
    "unknown clusters in routes",
    `listeners: [{ listen: 'a:1', routes: [{ clusters: [{ cluster: wbe }], mirror: { cluster: x } }] }]\n${CLUSTERS}`,
    '1:63: listeners[0].routes[0].clusters[0].cluster: no cluster is named "wbe"; did you mean "web"?',
    '1:90: listeners[0].routes[0].mirror.cluster: no cluster is named "x"; clusters: web',
  ],
  ["a syntax error", "a: [", "1:5: Flow sequence in block collection must be sufficiently indented and end with a ]"],
  ["a key twice", "workers: 1\nworkers: 2\n", "2:1: Map keys must be unique"],
];

describe("checkYaml()", () => {
  it("fills in what the smallest file leaves out, the same as the command line's defaults", () => {
    const { config, logLevel } = checkYaml("f", SMALLEST);
    const { http, ioUring, ...defaults } = defaultProxyConfig;
    const [listener] = config.listeners;
    const [cluster] = config.clusters;
    assert.ok(listener?.protocol === "http" && cluster !== undefined);
    assert.equal(logLevel, "info");
    assert.deepEqual(listener.virtualHosts, [anyHost([plainRoute("web")])]);
    assert.deepEqual(listener.filters, []);
    assert.equal(config.module, null);
    assert.deepEqual(config.ioUring, ioUring);
    const { connectTimeoutMs, connectAttempts } = cluster;
    assert.deepEqual({ ...listener.http, ...cluster.http, connectTimeoutMs, connectAttempts }, http);
    for (const name of [
      "workers",
      "socketInterface",
      "drainTimeoutMs",
      "dnsRefreshMs",
      "backlog",
      "overload",
    ] as const) {
      assert.deepEqual(config[name], defaults[name], name);
    }
    assert.deepEqual(cluster.options, defaultClusterOptions);
    assert.equal(cluster.options.balancer, defaults.balancer);
    assert.equal(cluster.healthCheck, null);
    assert.deepEqual(cluster.endpoints, [{ target: parseTarget("127.0.0.1:1"), weight: 1 }]);
  });

  it("fills in what the smallest listener of TCP leaves out", () => {
    const [listener] = checkYaml("f", SMALLEST.replace("web }", "web, protocol: tcp }")).config.listeners;
    const { idleTimeoutMs } = defaultProxyConfig;
    assert.deepEqual(listener, {
      listen: [parseTarget("127.0.0.1:0")],
      reusePort: false,
      maximumConnections: 0,
      protocol: "tcp",
      cluster: "web",
      idleTimeoutMs,
    });
  });

  for (const [name, text, ...expected] of BAD) {
    it(`says what is wrong with ${name}`, () => {
      const found = problems(() => checkYaml("f", text));
      assert.deepEqual(
        found,
        expected.map((line) => line.replace(":  ", ": ")),
      );
    });
  }

  it("finds the place of what an anchor stands for", () => {
    const text = `${LISTENERS.replace("web }", "web, http: &h { trusted_hops: -1 } }")}\n${CLUSTERS}`;
    assert.deepEqual(
      problems(() => checkYaml("f", text)),
      [`1:77: listeners[0].http.trusted_hops: found -1; allowed: ${INTEGER} 0 to 100`],
    );
  });
});

describe("a file with the keys of an overload", () => {
  it("has its limits, of which 0 is none", () => {
    const text = "overload: { pause_delay_ms: 0, refuse_delay_ms: 7, pause_memory_bytes: 8, refuse_memory_bytes: 0 }";
    assert.deepEqual(checkYaml("f", `${text}\n${SMALLEST}`).config.overload, {
      pauseDelayMs: 0,
      refuseDelayMs: 7,
      pauseMemoryBytes: 8,
      refuseMemoryBytes: 0,
    });
    assert.deepEqual(checkYaml("f", SMALLEST).config.overload, defaultProxyConfig.overload);
    const part = checkYaml("f", `overload: { refuse_memory_bytes: 9 }\n${SMALLEST}`).config.overload;
    assert.deepEqual(part, { ...defaultProxyConfig.overload, refuseMemoryBytes: 9 });
  });
});

describe("checkValue()", () => {
  it("says paths, as a module has no lines", () => {
    const value = {
      listeners: [{ listen: "127.0.0.1:0", cluster: "api" }],
      clusters: [{ name: "web", endpoints: [] }],
    };
    assert.deepEqual(
      problems(() => checkValue("f", value, "")),
      [
        " clusters[0].endpoints: found an empty list; allowed: at least one address",
        ' listeners[0].cluster: no cluster is named "api"; clusters: web',
      ],
    );
  });
});

describe("override()", () => {
  const { config } = checkYaml(
    "f",
    SMALLEST.replace("web }", "web, max_connections: 7, http: { head_timeout_ms: 1 } }"),
  );

  it("leaves the file alone without options", () => {
    assert.equal(override(config, defaultWith({}), new Set()), config);
  });

  it("puts the options that were given in the place of the file's", () => {
    const options = defaultWith({ workers: 3, connectAttempts: 9, maximumConnections: 5, drainTimeoutMs: 1 });
    const given = new Set(["workers", "connectAttempts", "maximumConnections", "headTimeoutMs", "pendingRequests"]);
    const changed = override(config, options, given);
    assert.equal(changed.workers, 3);
    assert.equal(changed.maximumConnections, 5);
    assert.equal(changed.drainTimeoutMs, config.drainTimeoutMs, "which was not given");
    assert.equal(changed.listeners[0]?.maximumConnections, 7, "the listener's own");
    const [listener] = changed.listeners;
    assert.ok(listener?.protocol === "http");
    assert.equal(listener.http.headTimeoutMs, options.http.headTimeoutMs);
    assert.equal(changed.clusters[0]?.connectAttempts, 9);
  });

  it("reaches what is written into requests", () => {
    const options = defaultWith({ http: { ...defaultProxyConfig.http, writesForwarded: true } });
    const [listener] = override(config, options, new Set(["writesForwarded"])).listeners;
    assert.ok(listener?.protocol === "http");
    assert.equal(listener.http.writesForwarded, true);
  });

  it("reaches the balancers of clusters, and the times of TCP", () => {
    const file = checkYaml("f", SMALLEST.replace("web }", "web, protocol: tcp, max_connections: 7 }")).config;
    const options = defaultWith({ balancer: "maglev", idleTimeoutMs: 5, protocol: "http", maximumConnections: 3 });
    const changed = override(file, options, new Set(["balancer", "idleTimeoutMs", "maximumConnections"]));
    assert.deepEqual(changed.clusters[0]?.options, { ...defaultClusterOptions, balancer: "maglev" });
    const [listener] = changed.listeners;
    assert.ok(listener?.protocol === "tcp");
    assert.equal(listener.idleTimeoutMs, 5);
    assert.equal(listener.maximumConnections, 7);
  });
});

function defaultWith(some: Partial<typeof defaultProxyConfig>): Parameters<typeof override>[1] {
  return { ...defaultProxyConfig, ...some, listen: [], to: [] };
}
