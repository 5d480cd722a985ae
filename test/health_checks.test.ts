/** Endpoints that are checked while a proxy runs: left out when they are bad, used again when they are good. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { anyHost, plainRoute } from "../lib/proxy/http/routing/plain_route.ts";
import { defaultProxyConfig, type Target } from "../lib/server/config.ts";
import type { HealthCheckOptions } from "../lib/server/health/health_check_options.ts";
import { type ServerConfig, serverConfig } from "../lib/server/server_config.ts";
import { type RunningProxy, type StartOptions, startProxy } from "../lib/server/start_proxy.ts";
import { emptyZone, startDnsServer } from "../lib/server/test_name_servers.ts";
import { connect, until, unusedPort } from "./support/command.ts";
import { startNamed, startUpstream, type Upstream } from "./support/servers.ts";

const TCP_CHECK: HealthCheckOptions = {
  type: "tcp",
  path: "/",
  host: "",
  expectedStatuses: [],
  port: 0,
  intervalMs: 10,
  timeoutMs: 5000,
  unhealthyThreshold: 2,
  healthyThreshold: 2,
};
const HTTP_CHECK: HealthCheckOptions = { ...TCP_CHECK, type: "http", path: "/healthz", expectedStatuses: [[200, 299]] };

function target(port: number): Target {
  return { family: "name", host: "127.0.0.1", port };
}

function config(
  driver: "uring" | "default",
  protocol: "tcp" | "http",
  to: readonly Target[],
  healthCheck: HealthCheckOptions | null,
): ServerConfig {
  const whole = serverConfig({
    ...defaultProxyConfig,
    protocol,
    listen: [{ family: "name", host: "127.0.0.1", port: 0 }],
    to,
    socketInterface: driver,
    workers: 2,
    dnsRefreshMs: 20,
    // A request that meets a bad endpoint fails.
    connectAttempts: 1,
  });
  return {
    ...whole,
    listeners: whole.listeners.map((listener) =>
      listener.protocol === "tcp"
        ? { ...listener, cluster: "web" }
        : { ...listener, virtualHosts: [anyHost([plainRoute("web")])] },
    ),
    clusters: whole.clusters.map((cluster) => ({ ...cluster, name: "web", healthCheck })),
  };
}

interface Scene {
  readonly proxy: RunningProxy;
  readonly port: number;
  readonly log: string[];
  /** Ports of the healthy endpoints; a minus before those that are not. */
  readonly health: () => string;
}

async function withProxy(wanted: ServerConfig, use: (scene: Scene) => Promise<void>, options: StartOptions = {}) {
  const log: string[] = [];
  const proxy = await startProxy(wanted, { ...options, log: (level, message) => void log.push(`${level} ${message}`) });
  try {
    const [address] = proxy.addresses;
    assert.ok(address !== undefined && address.family !== "unix");
    const health = () => {
      const all = proxy.endpoints().flatMap(({ endpoints }) => endpoints);
      return all.map((one) => `${one.isHealthy ? "" : "-"}${one.address.split(":").at(-1)}`).join(" ");
    };
    await use({ proxy, port: address.port, log, health });
  } finally {
    await proxy.close();
  }
}

/** The name with which a TCP upstream greets; nothing if it can't be reached. */
async function greeting(port: number): Promise<string> {
  try {
    const client = await connect({ port });
    const name = await new Promise<string>((resolve) => {
      client.once("data", (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)));
      client.once("end", () => resolve(""));
      client.on("error", () => resolve(""));
    });
    client.destroy();
    return name;
  } catch {
    // It may be reset before it is noticed that it was there.
    return "";
  }
}

/** Names of the upstreams that so many connections reach, without repetitions. */
async function reached(port: number, connections = 16): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < connections; i++) names.add(await greeting(port));
  return [...names].sort().join(" ");
}

/** An HTTP upstream that answers with its name, and to checks with what it is told. */
interface WebUpstream {
  readonly port: number;
  /** The status for checks; 0: none comes. */
  status: number;
  readonly checks: () => number;
  close(): Promise<void>;
}

async function startWeb(name: string): Promise<WebUpstream> {
  let checks = 0;
  const server: Server = createServer((request, response) => {
    if (request.url !== "/healthz") return void response.end(name);
    checks++;
    if (upstream.status !== 0) response.writeHead(upstream.status).end("checked");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const upstream: WebUpstream = {
    port: (server.address() as AddressInfo).port,
    status: 200,
    checks: () => checks,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return upstream;
}

async function bodies(port: number, requests = 16): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < requests; i++) {
    names.add(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text());
  }
  return [...names].sort().join(" ");
}

async function withAll<Part extends { close(): unknown }>(parts: readonly Part[], use: () => Promise<void>) {
  try {
    await use();
  } finally {
    for (const part of parts) await part.close();
  }
}

for (const driver of ["uring", "default"] as const) {
  describe(`TCP health checks on the ${driver} driver`, () => {
    it("leave out an endpoint that is down, until it is there again", async () => {
      const stays = await startNamed("stays");
      let goes: Upstream = await startNamed("goes");
      const { port: itsPort } = goes;
      const endpoints = [target(stays.port), target(itsPort)];
      try {
        await withProxy(config(driver, "tcp", endpoints, TCP_CHECK), async ({ proxy, port, log, health }) => {
          assert.equal(await reached(port), "goes stays");
          assert.equal(health(), `${stays.port} ${itsPort}`);
          await goes.close();
          const bad = `warning endpoint 127.0.0.1:${itsPort} of cluster "web" is unhealthy: connection refused`;
          await until(() => log.includes(bad), "the endpoint is unhealthy");
          assert.equal(health(), `${stays.port} -${itsPort}`);
          // The workers are told a moment later. From then on no connection fails.
          await until(async () => (await reached(port)) === "stays", "it is left out");
          assert.equal(await reached(port, 40), "stays");
          goes = await startUpstream((socket) => void socket.end("is back"), { port: itsPort });
          const good = `info endpoint 127.0.0.1:${itsPort} of cluster "web" is healthy again`;
          await until(() => log.includes(good), "the endpoint is healthy again");
          await until(async () => (await reached(port)) === "is back stays", "it is used again");
          assert.deepEqual(proxy.endpoints()[0]?.endpoints[1], {
            address: `127.0.0.1:${itsPort}`,
            weight: 1,
            isHealthy: true,
            lastFailure: null,
          });
          const failures = log.filter((line) => line.includes(" is unhealthy"));
          assert.deepEqual(failures, [bad], "each change is said once");
        });
      } finally {
        await stays.close();
        await goes.close();
      }
    });

    it("leave out an endpoint that is down from the start", async () => {
      const stays = await startNamed("stays");
      const missing = await unusedPort();
      await withAll([stays], () =>
        withProxy(config(driver, "tcp", [target(missing), target(stays.port)], TCP_CHECK), async ({ port, health }) => {
          await until(() => health() === `-${missing} ${stays.port}`, "the first check has decided");
          await until(async () => (await reached(port)) === "stays", "it is left out");
        }),
      );
    });

    it("use all endpoints when all are bad", async () => {
      const upstream = await startNamed("there");
      // What is checked is down, what is served is not.
      const check = { ...TCP_CHECK, port: await unusedPort() };
      await withAll([upstream], () =>
        withProxy(config(driver, "tcp", [target(upstream.port)], check), async ({ port, health }) => {
          await until(() => health() === `-${upstream.port}`, "the check of another port has failed");
          assert.equal(await reached(port), "there");
        }),
      );
    });

    it("reach a worker that replaces one that crashed", async () => {
      const stays = await startNamed("stays");
      const missing = await unusedPort();
      const trigger = `/tmp/ringway-test-${crypto.randomUUID()}`;
      process.env["RINGWAY_TEST_CRASH"] = trigger;
      const wanted = { ...config(driver, "tcp", [target(missing), target(stays.port)], TCP_CHECK), workers: 1 };
      const workerUrl = new URL("./support/crashing_worker.ts", import.meta.url);
      await withAll([stays], () =>
        withProxy(
          wanted,
          async ({ port, log }) => {
            await until(async () => (await reached(port)) === "stays", "the endpoint is left out");
            writeFileSync(trigger, "");
            await until(() => log.includes("info worker 0 runs again"), "the worker is replaced");
            assert.equal(await reached(port), "stays");
          },
          { workerUrl },
        ),
      );
    });
  });

  describe(`HTTP health checks on the ${driver} driver`, () => {
    it("go by the status, and by whether there is one", async () => {
      const [good, bad] = [await startWeb("good"), await startWeb("bad")];
      const check = { ...HTTP_CHECK, timeoutMs: 200, expectedStatuses: [[200, 204] as const, [418, 418] as const] };
      await withAll([good, bad], () =>
        withProxy(
          config(driver, "http", [target(good.port), target(bad.port)], check),
          async ({ proxy, port, log, health }) => {
            assert.equal(await bodies(port), "bad good");
            const expectLeftOut = async (reason: string) => {
              const line = `warning endpoint 127.0.0.1:${bad.port} of cluster "web" is unhealthy: ${reason}`;
              await until(() => log.includes(line), `it is unhealthy: ${reason}`);
              await until(async () => (await bodies(port)) === "good", "it is left out");
              assert.equal(proxy.endpoints()[0]?.endpoints[1]?.lastFailure, reason);
            };
            const expectUsed = async () => {
              await until(() => health() === `${good.port} ${bad.port}`, "it is healthy again");
              await until(async () => (await bodies(port)) === "bad good", "it is used again");
            };
            bad.status = 503;
            await expectLeftOut("status 503");
            bad.status = 418;
            await expectUsed();
            bad.status = 0;
            await expectLeftOut("no answer within 200 ms");
            bad.status = 204;
            await expectUsed();
          },
        ),
      );
    });

    it("end when the proxy closes, and when it drains", async () => {
      for (const end of ["close", "drain"] as const) {
        const web = await startWeb("web");
        await withAll([web], () =>
          withProxy(config(driver, "http", [target(web.port)], HTTP_CHECK), async ({ proxy }) => {
            await until(() => web.checks() >= 3, "it is checked");
            await proxy[end]();
            const checks = web.checks();
            // Another proxy's checks show that there was time for more.
            const other = await startWeb("other");
            await withAll([other], () =>
              withProxy(config(driver, "http", [target(other.port)], HTTP_CHECK), () =>
                until(() => other.checks() >= 5, "the other one is checked"),
              ),
            );
            assert.ok(web.checks() <= checks + 1, "but for one that was on its way");
          }),
        );
      }
    });
  });

  describe(`SRV names on the ${driver} driver`, () => {
    it("give endpoints with ports and weights, which may change and are checked", async () => {
      const [first, second] = [await startNamed("first"), await startNamed("second")];
      const missing = await unusedPort();
      const zone = emptyZone();
      const service = "_web._tcp.srv.test";
      zone.hosts.set("a.srv.test", ["127.0.0.1"]);
      const record = (port: number, weight: number) => ({ name: "a.srv.test", port, priority: 1, weight });
      zone.services.set(service, [record(first.port, 3), { ...record(missing, 1), priority: 2 }]);
      const dns = await startDnsServer(zone);
      const wanted = config(driver, "tcp", [{ family: "srv", name: service }], TCP_CHECK);
      await withAll([first, second, dns], () =>
        withProxy(
          wanted,
          async ({ proxy, port, log, health }) => {
            assert.equal(await reached(port), "first");
            zone.services.set(service, [record(first.port, 3), record(second.port, 5), record(missing, 1)]);
            await until(async () => (await reached(port)) === "first second", "the new server is used");
            assert.equal(health(), `${first.port} ${second.port} -${missing}`);
            assert.deepEqual(
              proxy.endpoints()[0]?.endpoints.map(({ weight }) => weight),
              [3, 5, 1],
            );
            assert.ok(log.includes(`info endpoint 127.0.0.1:${second.port} of cluster "web" is healthy`));
            await until(
              () => log.some((line) => line.includes(`:${missing} of cluster "web" is unhealthy`)),
              "it is said",
            );
            // One that comes later is not used before it was found good.
            assert.equal(await reached(port), "first second");
          },
          { nameServer: dns.nameServer },
        ),
      );
    });

    it("are followed while the proxy starts", async () => {
      const [first, second] = [await startNamed("first"), await startNamed("second")];
      let answers = 0;
      const nameServer = {
        addresses: async () => ["127.0.0.1"],
        srvRecords: async () => {
          answers++;
          return [{ name: "a.srv.test", port: answers === 1 ? first.port : second.port, priority: 1, weight: 1 }];
        },
      };
      const wanted = { ...config(driver, "tcp", [{ family: "srv", name: "srv.test" }], null), dnsRefreshMs: 1 };
      await withAll([first, second], () =>
        withProxy(
          wanted,
          async ({ port }) => {
            // Nothing changes any more: what a worker has missed it would never hear.
            await until(() => answers > 2, "the other answer");
            await until(async () => (await reached(port)) === "second", "the other server is used");
          },
          { nameServer },
        ),
      );
    });
  });
}
