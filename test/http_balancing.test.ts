/** Which endpoint a request gets, and which it does not: shares, hashes, outliers, and how much is under way. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { connect, until, unusedPort } from "./support/command.ts";
import { allOf, fieldOf, Peer, respond, ScriptedUpstream, statusOf } from "./support/http_peers.ts";
import { DRIVERS, get, RouteScene, type SceneFile, TestProxy, withRoutes } from "./support/http_routes.ts";

const KEYS = 40;

const file: SceneFile = (endpoint) => {
  const all = [endpoint("one"), endpoint("two"), endpoint("three")];
  const hash = [{ header: "x-user" }, { cookie: "session" }, { query: "user" }];
  return {
    listeners: [
      {
        routes: [
          { match: { prefix: "/ring_hash" }, cluster: "ring_hash", hash },
          { match: { prefix: "/maglev" }, cluster: "maglev", hash },
          { match: { prefix: "/source" }, cluster: "ring_hash", hash: [{ source: true }] },
          {
            match: { prefix: "/weights" },
            clusters: [
              { cluster: "one", weight: 3 },
              { cluster: "two", weight: 1 },
              { cluster: "three", weight: 0 },
            ],
          },
          { match: { prefix: "/few" }, cluster: "few" },
          { cluster: "one" },
        ],
      },
      { routes: [{ cluster: "ring_hash", hash: [{ source: true }] }], http: { trusted_hops: 1 } },
      { cluster: "one" },
    ],
    clusters: [
      { name: "ring_hash", endpoints: all, balancer: "ring_hash" },
      { name: "maglev", endpoints: all, balancer: "maglev" },
      { name: "few", endpoints: [endpoint("one")], max_requests: 1 },
      ...["one", "two", "three"].map((name) => ({ name, endpoints: [endpoint(name)] })),
    ],
  };
};

for (const driver of DRIVERS) {
  describe(`requests and endpoints on the ${driver} driver`, () => {
    let scene: RouteScene;
    before(async () => {
      scene = await RouteScene.start(driver, ["one", "two", "three"], file);
    });
    after(() => scene.close());
    beforeEach(() => scene.reset());

    /** Who answers these requests, one after the other on one connection. */
    async function served(requests: readonly string[], listener = 0): Promise<string[]> {
      const peer = await scene.proxy.client(listener);
      peer.send(requests.join(""));
      const names: string[] = [];
      for (const _ of requests) names.push((await peer.response()).body);
      peer.destroy();
      return names;
    }

    const distinct = (names: readonly string[]): string => [...new Set(names)].sort().join(" ");

    for (const balancer of ["ring_hash", "maglev"]) {
      it(`go to the same endpoint as others of their key: ${balancer}`, async () => {
        const keys = Array.from({ length: KEYS }, (_, index) => `k${index}`);
        const kinds: readonly ((key: string) => string)[] = [
          (key) => get(`/${balancer}?user=other`, `X-User: ${key}\r\nCookie: session=other\r\n`),
          (key) => get(`/${balancer}?user=other`, `Cookie: a=b; session=${key}; c=d\r\n`),
          (key) => get(`/${balancer}/x?a=b&user=${key}&user=other`),
        ];
        for (const kind of kinds) {
          const first = await served(keys.map(kind));
          assert.equal(distinct(first), "one three two");
          assert.deepEqual(await served(keys.map(kind)), first);
          assert.deepEqual(await served(keys.map(kind).reverse()), first.toReversed());
        }
        assert.notEqual(distinct(await served(keys.map(() => get(`/${balancer}`)))).indexOf(" "), -1);
      });
    }

    it("go to the same endpoint as others of their client", async () => {
      const requests = Array.from({ length: KEYS }, () => get("/source"));
      assert.equal(new Set(await served(requests)).size, 1);
    });

    it("go to the same endpoint as others of the client that a trusted proxy names", async () => {
      const from = (host: number) => get("/", `X-Forwarded-For: 1.1.1.1, 192.0.2.${host}\r\n`);
      const hosts = Array.from({ length: KEYS }, (_, host) => host);
      const first = await served(hosts.map(from), 1);
      assert.equal(distinct(first), "one three two");
      assert.deepEqual(await served(hosts.map(from), 1), first);
    });

    it("are shared between clusters by weight", async () => {
      const names = await served(Array.from({ length: 200 }, () => get("/weights")));
      assert.equal(distinct(names), "one two");
      const ofOne = names.filter((name) => name === "one").length;
      assert.ok(ofOne > 115 && ofOne < 185, `${ofOne} of 200`);
    });

    it("are refused while too many are under way in the cluster", async () => {
      const held: Peer[] = [];
      scene.upstream("one").answer = (_, peer) => void held.push(peer);
      const first = await scene.proxy.client();
      first.send(get("/few"));
      await until(() => held.length === 1, "it is under way");
      const refused = await scene.proxy.exchange(get("/few", "Accept: application/json\r\n"));
      assert.equal(statusOf(refused), 503);
      assert.equal(JSON.parse(refused.body).reason, "UO");
      held[0]?.send(respond("done"));
      assert.equal((await first.response()).body, "done");
      scene.reset();
      assert.equal((await scene.proxy.exchange(get("/few"))).body, "one");
      first.send(get("/few"));
      await first.response();
      first.send(get("/few"));
      assert.equal((await first.response()).body, "one");
      first.destroy();
    });

    it("of two listeners share the connections to an endpoint", async () => {
      scene.upstream("one").peers.length = 0;
      const before = scene.proxy.running.statistics();
      for (const listener of [0, 2, 0, 2]) assert.deepEqual(await served([get("/")], listener), ["one"]);
      const now = scene.proxy.running.statistics();
      assert.ok(scene.upstream("one").peers.length <= 1);
      assert.ok(now.http_upstream_reuses_total - before.http_upstream_reuses_total >= 3);
    });
  });

  describe(`an endpoint that answers badly, on the ${driver} driver`, () => {
    it("is left out for a while, and used again", () =>
      withRoutes(
        driver,
        ["good", "bad"],
        (endpoint) => ({
          listeners: [{ cluster: "web" }],
          clusters: [
            {
              name: "web",
              endpoints: [endpoint("good"), endpoint("bad")],
              outlier_detection: { consecutive_5xx: 3, ejection_ms: 600 },
            },
          ],
        }),
        async ({ proxy, upstream }) => {
          const bad = upstream("bad");
          bad.answer = (_, peer) => peer.send(respond("bad", "", "500 Bad"));
          const peer = await proxy.client();
          const serve = async () => {
            peer.send(get("/"));
            return (await peer.response()).body;
          };
          for (let index = 0; index < 6; index++) await serve();
          assert.equal(bad.requests.length, 3);
          assert.equal(proxy.count("outlier_ejections_total"), 1);
          assert.equal(proxy.count("outlier_ejected_active"), 1);
          await until(() => proxy.log.some((line) => /^warning .* is left out for 600 ms/.test(line)), "it is said");
          for (let index = 0; index < 6; index++) assert.equal(await serve(), "good");
          bad.answer = (_, other) => other.send(respond("bad"));
          await until(async () => (await serve()) === "bad", "it is used again");
          assert.equal(proxy.count("outlier_ejected_active"), 0);
          await until(() => proxy.log.some((line) => / is used again$/.test(line)), "it is said");
          peer.destroy();
        },
      ));

    it("is left out for resets, for late answers, and for connections that can't be made", async () => {
      const dead = await unusedPort();
      await withRoutes(
        driver,
        ["good", "resets", "hangs", "cuts"],
        (endpoint) => ({
          listeners: [
            {
              routes: ["resets", "hangs", "cuts", "dead"].map((name) => ({
                match: { prefix: `/${name}` },
                cluster: name,
                response_timeout_ms: 300,
              })),
            },
          ],
          clusters: ["resets", "hangs", "cuts", "dead"].map((name) => ({
            name,
            endpoints: [endpoint("good"), name === "dead" ? `127.0.0.1:${dead}` : endpoint(name)],
            outlier_detection: {
              consecutive_gateway_errors: 1,
              consecutive_connect_failures: name === "dead" ? 1 : 0,
              ejection_ms: 60_000,
            },
          })),
        }),
        async ({ proxy, upstream }) => {
          upstream("resets").answer = (_, peer) => void peer.socket.resetAndDestroy();
          upstream("hangs").answer = () => {};
          upstream("cuts").answer = (_, peer) => peer.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
          for (const [name, statuses] of [
            ["resets", "200 502"],
            ["hangs", "200 504"],
            ["cuts", "200 200"],
            ["dead", "200 200"],
          ] as const) {
            const found = [await proxy.exchange(get(`/${name}`)), await proxy.exchange(get(`/${name}`))].map(statusOf);
            assert.equal(found.sort().join(" "), statuses, name);
            for (let index = 0; index < 6; index++) {
              assert.equal((await proxy.exchange(get(`/${name}`))).body, "good", name);
            }
          }
          assert.equal(proxy.count("outlier_ejected_active"), 4);
          assert.equal(proxy.count("upstream_connect_failures_total"), 1);
        },
      );
    });

    it("is used anyway if all are, unless the cluster says never", () =>
      withRoutes(
        driver,
        ["one", "two"],
        (endpoint) => {
          const bad = { consecutive_5xx: 1, max_ejection_percent: 100, ejection_ms: 60_000 };
          const endpoints = [endpoint("one"), endpoint("two")];
          return {
            listeners: [
              {
                routes: [
                  { match: { prefix: "/panic" }, cluster: "panic" },
                  { match: { prefix: "/never" }, cluster: "never" },
                ],
              },
            ],
            clusters: [
              { name: "panic", endpoints, outlier_detection: bad, panic_threshold_percent: 50 },
              { name: "never", endpoints, outlier_detection: bad, panic_threshold_percent: 0 },
            ],
          };
        },
        async ({ proxy, upstreams }) => {
          for (const upstream of upstreams.values()) {
            upstream.answer = (_, peer) => peer.send(respond("", "", "500 Bad"));
          }
          for (const route of ["/panic", "/never"]) {
            for (let index = 0; index < 2; index++) assert.equal(statusOf(await proxy.exchange(get(route))), 500);
          }
          for (let index = 0; index < 3; index++) {
            assert.equal(statusOf(await proxy.exchange(get("/panic"))), 500);
            assert.equal(statusOf(await proxy.exchange(get("/never"))), 503);
          }
          assert.equal(proxy.count("http_reason_uh_total"), 3);
          assert.equal(proxy.count("upstream_no_endpoint_total"), 3);
          await until(() => proxy.log.some((line) => /no endpoint of cluster "never"/.test(line)), "it is said");
        },
      ));

    it("begins slowly when it is used again", () =>
      withRoutes(
        driver,
        ["good", "back"],
        (endpoint) => ({
          listeners: [{ cluster: "web" }],
          clusters: [
            {
              name: "web",
              endpoints: [endpoint("good"), endpoint("back")],
              outlier_detection: { consecutive_5xx: 1, ejection_ms: 10 },
              slow_start_ms: 600_000,
            },
          ],
        }),
        async ({ proxy, upstream }) => {
          const back = upstream("back");
          const { answer } = back;
          back.answer = (_, peer) => peer.send(respond("", "", "500 Bad"));
          const peer = await proxy.client();
          const serve = async () => {
            peer.send(get("/"));
            return (await peer.response()).body;
          };
          while (proxy.count("outlier_ejections_total") === 0) await serve();
          back.answer = answer;
          await until(async () => {
            await serve();
            return proxy.count("outlier_ejected_active") === 0;
          }, "it is used again");
          let ofBack = 0;
          for (let index = 0; index < 100; index++) if ((await serve()) === "back") ofBack++;
          assert.ok(ofBack < 35, `${ofBack} of 100`);
          peer.destroy();
        },
      ));
  });

  describe(`HTTP over unix sockets on the ${driver} driver`, () => {
    it("is listened to and spoken to", async () => {
      const path = (name: string) => join(tmpdir(), `ringway-${name}-${crypto.randomUUID()}`);
      const [listening, serving] = [path("listen"), path("serve")];
      const upstream = await ScriptedUpstream.start((_, peer) => peer.send(respond("unix")), { path: serving });
      const proxy = await TestProxy.start(driver, {
        listeners: [
          {
            listen: `unix:${listening}`,
            http: { forwarded: true },
            routes: [
              { match: { path: "/own" }, cluster: "web", rewrite: { host_from_endpoint: true } },
              { cluster: "web" },
            ],
          },
        ],
        clusters: [{ name: "web", endpoints: [`unix:${serving}`] }],
      });
      try {
        const peer = new Peer(await connect({ path: listening }));
        peer.send(get("/1") + get("/own"));
        assert.equal((await peer.response()).body, "unix");
        assert.equal((await peer.response()).body, "unix");
        const [first, second] = upstream.requests;
        assert.ok(first !== undefined && second !== undefined);
        assert.equal(fieldOf(first, "x-forwarded-for"), "unknown");
        assert.equal(fieldOf(first, "forwarded"), 'for=unknown;host="a";proto=http');
        assert.deepEqual(allOf(second, "host"), ["localhost"]);
        assert.equal(upstream.peers.length, 1);
        peer.destroy();
      } finally {
        await proxy.close();
        await upstream.close();
        rmSync(listening, { force: true });
        rmSync(serving, { force: true });
      }
    });
  });

  describe(`several workers on the ${driver} driver`, () => {
    it("serve all requests, and are counted together", () =>
      withRoutes(
        driver,
        ["one", "two"],
        (endpoint) => ({
          workers: 2,
          listeners: [{ cluster: "web" }],
          clusters: [{ name: "web", endpoints: [endpoint("one"), endpoint("two")] }],
        }),
        async ({ proxy, upstreams }) => {
          const peers = await Promise.all(Array.from({ length: 24 }, () => proxy.client()));
          for (let round = 0; round < 3; round++) {
            for (const peer of peers) peer.send(get("/") + get("/"));
            for (const peer of peers) {
              assert.match((await peer.response()).body, /^(one|two)$/);
              assert.match((await peer.response()).body, /^(one|two)$/);
            }
          }
          assert.equal(proxy.running.workers, 2);
          assert.equal(proxy.count("http_requests_total"), 24 * 6);
          assert.equal(proxy.count("http_responses_2xx_total"), 24 * 6);
          assert.equal(proxy.count("downstream_connections_total"), 24);
          const seen = [...upstreams.values()].map(({ requests }) => requests.length);
          assert.ok(seen.every((count) => count > 24) && seen[0] !== undefined, seen.join(" "));
          for (const peer of peers) peer.destroy();
          await proxy.counts("downstream_connections_active", 0);
          await proxy.counts("http_requests_active", 0);
        },
      ));
  });
}
