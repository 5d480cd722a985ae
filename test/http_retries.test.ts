/** Requests that are sent again, or are not: for what reasons, how often, with what, and how long that may take. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { RetrySection } from "../lib/server/config_file/route_types.ts";
import { until, unusedPort } from "./support/command.ts";
import {
  type Answer,
  fieldOf,
  type Message,
  type Peer,
  RawUpstream,
  respond,
  ScriptedUpstream,
  statusOf,
} from "./support/http_peers.ts";
import {
  DRIVERS,
  type DriverName,
  get,
  type ProxyFile,
  post,
  RouteScene,
  type SceneFile,
  TestProxy,
} from "./support/http_routes.ts";

const CHUNKS = "5;a=b\r\nhello\r\n3\r\n, x\r\n0\r\nX-Sum: 1\r\n\r\n";

/** A route of its own for each way to send requests again; without waiting, if nothing else is said. */
const RETRIES: Readonly<Record<string, RetrySection>> = {
  reset: { on: ["reset"] },
  gateway: { on: ["gateway-error"] },
  server: { on: ["5xx"] },
  listed: { on: [], statuses: [404, 418] },
  conflict: { on: ["conflict"] },
  timeout: { on: ["timeout"], per_try_timeout_ms: 300 },
  connect: { on: ["connect-failure"] },
  all: { on: ["5xx"], all_methods: true },
  small: { on: ["5xx"], body_bytes: 10, all_methods: true },
  often: { on: ["5xx"], attempts: 3 },
  later: { on: ["5xx"], back_off_ms: 10, max_back_off_ms: 20 },
  never: { on: ["5xx"], back_off_ms: 1_000_000, max_back_off_ms: 1_000_000 },
};

const file: SceneFile = (endpoint) => ({
  listeners: [
    {
      routes: [
        ...Object.entries(RETRIES).map(([name, retry]) => ({
          match: { prefix: `/${name}` },
          cluster: "pair",
          retry: { back_off_ms: 0, ...retry },
        })),
        {
          match: { prefix: "/own" },
          cluster: "pair",
          rewrite: { host_from_endpoint: true },
          retry: { on: ["5xx"], back_off_ms: 0 },
        },
        {
          match: { prefix: "/overall" },
          cluster: "pair",
          timeout_ms: 200,
          retry: { on: ["timeout"], per_try_timeout_ms: 30, back_off_ms: 0, attempts: 100 },
        },
        { match: { prefix: "/cut" }, cluster: "pair", timeout_ms: 400 },
        {
          match: { prefix: "/budget" },
          cluster: "budget",
          retry: { on: ["gateway-error"], back_off_ms: 0 },
        },
        {
          match: { prefix: "/most" },
          cluster: "most",
          retry: { on: ["gateway-error"], back_off_ms: 0 },
        },
        { cluster: "pair" },
      ],
    },
  ],
  clusters: [
    // A connection that was used before has a repetition of its own.
    { name: "pair", endpoints: [endpoint("one"), endpoint("two")], max_requests_per_connection: 1 },
    { name: "budget", endpoints: [endpoint("one"), endpoint("two")], retry_budget: { percent: 0, min: 1 } },
    {
      name: "most",
      endpoints: [endpoint("one"), endpoint("two")],
      max_retries: 1,
      retry_budget: { percent: 100, min: 100 },
    },
  ],
});

type Failure = (peer: Peer) => void;

const reset: Failure = (peer) => void peer.socket.resetAndDestroy();
const end: Failure = (peer) => peer.end();
const hang: Failure = () => {};
const status =
  (code: number): Failure =>
  (peer) =>
    peer.send(respond("failed", "X-Failed: yes\r\n", `${code} Failed`));
const garbage: Failure = (peer) => peer.send("nonsense\r\n\r\n");
const half: Failure = (peer) => peer.end("HTTP/1.1 200");

for (const driver of DRIVERS) {
  describe(`a request that is sent again on the ${driver} driver`, () => {
    let scene: RouteScene;
    before(async () => {
      scene = await RouteScene.start(driver, ["one", "two"], file);
    });
    after(() => scene.close());
    beforeEach(() => scene.reset());

    /** The first so many requests fail, wherever they arrive; the others get the upstream's name and the body. */
    function failFirst(count: number, fail: Failure): void {
      let failed = 0;
      const answer =
        (name: string): Answer =>
        (request, peer) => {
          if (failed++ < count) fail(peer);
          else peer.send(respond(`${name} ${request.body}`));
        };
      for (const [name, upstream] of scene.upstreams) upstream.answer = answer(name);
    }

    function seen(): Message[] {
      return [...scene.upstreams.values()].flatMap(({ requests }) => requests);
    }

    /** `again`: it was, at another endpoint, and that was all; otherwise the status. */
    async function outcome(request: string, fail: Failure): Promise<string> {
      scene.reset();
      failFirst(1, fail);
      const retries = scene.proxy.count("http_upstream_retries_total");
      const response = await scene.proxy.exchange(request);
      const isAgain = statusOf(response) === 200;
      const counts = [...scene.upstreams.values()].map(({ requests }) => requests.length);
      assert.deepEqual(counts.sort(), isAgain ? [1, 1] : [0, 1], request);
      assert.equal(scene.proxy.count("http_upstream_retries_total") - retries, isAgain ? 1 : 0);
      assert.equal(fieldOf(response, "x-failed"), statusOf(response) === 502 || isAgain ? undefined : "yes");
      return isAgain ? "again" : String(statusOf(response));
    }

    it("goes to another endpoint, for the reasons that its route has, and no others", async () => {
      const cases: readonly (readonly [route: string, fail: Failure, expected: string])[] = [
        ["/reset", reset, "again"],
        ["/reset", end, "again"],
        ["/reset", half, "502"],
        ["/reset", garbage, "502"],
        ["/reset", status(503), "503"],
        ["/gateway", status(503), "again"],
        ["/gateway", status(504), "again"],
        ["/gateway", status(500), "500"],
        ["/gateway", status(505), "505"],
        ["/gateway", reset, "502"],
        ["/server", status(500), "again"],
        ["/server", status(599), "again"],
        ["/server", status(499), "499"],
        ["/server", end, "again"],
        ["/server", garbage, "again"],
        ["/server", half, "again"],
        ["/listed", status(404), "again"],
        ["/listed", status(418), "again"],
        ["/listed", status(500), "500"],
        ["/conflict", status(409), "again"],
        ["/conflict", status(408), "408"],
        ["/timeout", hang, "again"],
        ["/later", status(500), "again"],
        ["/other", status(503), "503"],
        ["/other", end, "502"],
      ];
      for (const [route, fail, expected] of cases) {
        assert.equal(await outcome(get(route), fail), expected, `${route} ${fail}`);
      }
    });

    it("has an idempotent method, unless its route says that all may", async () => {
      const cases = [
        [get("/server", "", "a", "DELETE"), "again"],
        [get("/server", "", "a", "OPTIONS"), "again"],
        [post("/server", "body", "", "PUT"), "again"],
        [post("/server", "body"), "500"],
        [get("/server", "", "a", "PATCH"), "500"],
        [get("/server", "", "a", "M-SEARCH"), "500"],
        [post("/all", "body"), "again"],
        [get("/all", "", "a", "PATCH"), "again"],
      ] as const;
      for (const [request, expected] of cases) assert.equal(await outcome(request, status(500)), expected, request);
      assert.equal(await outcome(post("/server", "body"), end), "502");
      assert.equal(await outcome(post("/all", "body"), end), "again");
    });

    it("is sent so many times at the most, and then the last answer is the client's", async () => {
      for (const [fail, expected] of [
        [status(503), 503],
        [end, 502],
        [garbage, 502],
      ] as const) {
        scene.reset();
        failFirst(100, fail);
        assert.equal(statusOf(await scene.proxy.exchange(get("/often"))), expected);
        assert.equal(seen().length, 4);
      }
      scene.reset();
      failFirst(3, end);
      assert.equal(statusOf(await scene.proxy.exchange(get("/often"))), 200);
    });

    it("brings its whole body again, however that is framed", async () => {
      const body = "b".repeat(60_000);
      const cases = [
        [post("/server", body, "", "PUT"), body],
        [`PUT /server HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`, CHUNKS],
      ] as const;
      for (const [request, expected] of cases) {
        for (const fail of [status(503), end]) {
          scene.reset();
          failFirst(2, fail);
          const peer = await scene.proxy.client();
          peer.send(`${request}${get("/next")}`);
          const response = await peer.response();
          assert.ok(response.body.endsWith(` ${expected}`));
          assert.equal(seen().filter((message) => message.body === expected).length, 3);
          assert.match((await peer.response()).body, /^(one|two) $/);
          peer.destroy();
        }
      }
    });

    it("is sent once if its body is longer than what is kept", async () => {
      assert.equal(await outcome(post("/small", "x".repeat(10)), status(500)), "again");
      assert.equal(await outcome(post("/small", "x".repeat(11)), status(500)), "500");
      assert.equal(await outcome(post("/small", "x".repeat(100_000)), status(500)), "500");
      assert.equal(await outcome(get("/small"), status(500)), "again");
    });

    it("has the Host field of each endpoint, if its route wants that", async () => {
      failFirst(1, end);
      const response = await scene.proxy.exchange(post("/own", "body", "", "PUT"));
      assert.match(response.body, /^(one|two) body$/);
      for (const name of scene.upstreams.keys()) {
        assert.equal(fieldOf(scene.seen(name), "host"), `127.0.0.1:${scene.upstream(name).port}`);
      }
    });

    it("keeps its id, and all else", async () => {
      failFirst(1, status(500));
      await scene.proxy.exchange(post("/server?q", "body", "X-A: b\r\n", "PUT"));
      assert.deepEqual(scene.seen("one"), scene.seen("two"));
    });

    it("gets 504 when the time for all tries is over", async () => {
      failFirst(1000, hang);
      const before = scene.proxy.count("http_reason_ut_total");
      const response = await scene.proxy.exchange(get("/overall"));
      assert.equal(statusOf(response), 504);
      assert.equal(scene.proxy.count("http_reason_ut_total") - before, 1);
      assert.ok(seen().length > 1, `${seen().length} tries`);
    });

    it("is cut short in its response when the time for all tries is over, and the client sees that", async () => {
      const answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
      ];
      const answer: Answer = ({ startLine }, peer) => peer.send(answers[Number(/cut.(\d)/.exec(startLine)?.[1])] ?? "");
      for (const upstream of scene.upstreams.values()) upstream.answer = answer;
      const before = scene.proxy.count("http_responses_cut_short_total");
      const responses = await Promise.all(answers.map((_, index) => scene.proxy.exchange(get(`/cut/${index}`))));
      for (const response of responses) assert.deepEqual([statusOf(response), response.isComplete], [200, false]);
      assert.equal(scene.proxy.count("http_responses_cut_short_total") - before, answers.length);
    });

    it("is not, when its client leaves while it waits", async () => {
      failFirst(1, status(500));
      const retries = scene.proxy.count("http_upstream_retries_total");
      const peer = await scene.proxy.client();
      peer.send(get("/never"));
      await scene.proxy.counts("http_upstream_retries_total", retries + 1);
      await scene.proxy.counts("http_requests_active", 1);
      peer.socket.resetAndDestroy();
      await scene.proxy.counts("http_requests_active", 0);
      assert.equal(seen().length, 1);
    });

    for (const limit of ["/budget", "/most"]) {
      it(`is not, when too many are being sent again: ${limit}`, async () => {
        const held: Peer[] = [];
        let requests = 0;
        const answer: Answer = (_, peer) => {
          requests++;
          // The second is the first one's retry, which is kept waiting.
          if (requests === 2) held.push(peer);
          else status(503)(peer);
        };
        for (const upstream of scene.upstreams.values()) upstream.answer = answer;
        const first = await scene.proxy.client();
        first.send(get(limit));
        await until(() => held.length === 1, "the first one was sent again");
        const refused = scene.proxy.count("http_upstream_retries_refused_total");
        assert.equal(statusOf(await scene.proxy.exchange(get(limit))), 503);
        assert.equal(requests, 3);
        assert.equal(scene.proxy.count("http_upstream_retries_refused_total"), refused + 1);
        held[0]?.send(respond("at last"));
        assert.equal((await first.response()).body, "at last");
        // What it took is given back.
        scene.reset();
        failFirst(1, status(503));
        assert.equal(statusOf(await scene.proxy.exchange(get(limit))), 200);
        first.destroy();
      });
    }
  });

  describe(`endpoints that cannot be reached on the ${driver} driver`, () => {
    it("are tried again, even if there is no other, but not for ever", async () => {
      const dead = await unusedPort();
      await withFile(
        driver,
        retrying([`127.0.0.1:${dead}`], { on: ["connect-failure"], attempts: 2 }),
        async (proxy) => {
          const response = await proxy.exchange(post("/", "body"));
          assert.equal(statusOf(response), 502);
          const { upstream_connections_total, http_upstream_retries_total, ...counts } = proxy.running.statistics();
          assert.equal(upstream_connections_total, 3);
          assert.equal(http_upstream_retries_total, 2);
          assert.equal(counts.upstream_connect_failures_total, 3);
          assert.equal(counts.upstream_connect_retries_total, 0);
          assert.equal(counts.http_reason_uf_total, 1);
        },
      );
    });

    it("are passed over within a try, as often as the cluster says", async () => {
      const dead: string[] = [];
      while (dead.length < 4) dead.push(`127.0.0.1:${await unusedPort()}`);
      const file = retrying(dead, { on: ["connect-failure"], attempts: 1 }, { connect_attempts: 2 });
      await withFile(driver, file, async (proxy) => {
        assert.equal(statusOf(await proxy.exchange(get("/"))), 502);
        const counts = proxy.running.statistics();
        assert.equal(counts.upstream_connections_total, 4);
        assert.equal(counts.upstream_connect_retries_total, 2);
        assert.equal(counts.http_upstream_retries_total, 1);
      });
    });

    it("end a request whose only endpoint has gone meanwhile", async () => {
      const upstream = await ScriptedUpstream.start((_, peer) => {
        peer.socket.end(respond("", "Connection: close\r\n", "503 Going"));
        void upstream.close();
      });
      const file = retrying([`127.0.0.1:${upstream.port}`], { on: ["5xx"], attempts: 2, back_off_ms: 20 });
      await withFile(driver, file, async (proxy) => {
        assert.equal(statusOf(await proxy.exchange(get("/"))), 502);
        await proxy.counts("upstream_connections_total", 3);
      });
    });
  });

  describe(`a request on its way to an endpoint that fails, on the ${driver} driver`, () => {
    it("is sent again while its body still arrives", () =>
      withRaw(driver, { on: ["5xx"], attempts: 2 }, async ({ peer, next }) => {
        peer.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\none,");
        const first = await next();
        assert.match(await first.takeThrough("one,"), /^PUT \/ /);
        first.send(respond("", "", "503 Not now"));
        const second = await next();
        await second.takeThrough("\r\n\r\none,");
        peer.send("two,");
        assert.equal(await second.takeBytes(4), "two,");
        second.socket.resetAndDestroy();
        const third = await next();
        await third.takeThrough("\r\n\r\none,two,");
        peer.send("end.");
        assert.equal(await third.takeBytes(4), "end.");
        third.send(respond("thanks"));
        assert.equal((await peer.response()).body, "thanks");
        peer.send(get("/next"));
        assert.equal((await third.request()).startLine, "GET /next HTTP/1.1");
        third.send(respond("next"));
        assert.equal((await peer.response()).body, "next");
      }));

    it("is sent again although its upload was held up, and then goes on", () =>
      withRaw(driver, { on: ["5xx"], body_bytes: 1 << 22 }, async ({ peer, next }) => {
        // More than may be queued, and more than the kernels hold, but not more than is kept.
        const body = Array.from({ length: 1 << 22 }, (_, index) => String.fromCharCode(index % 251)).join("");
        peer.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 3 << 20)}`);
        const first = await next();
        first.socket.pause();
        await until(() => peer.socket.writableLength === 0 || first.receivedBytes > 0, "it has begun");
        await new Promise((resolve) => setTimeout(resolve, 50));
        first.socket.resetAndDestroy();
        const second = await next();
        peer.send(body.slice(3 << 20));
        const request = await second.request();
        assert.ok(request.body === body);
        second.send(respond("thanks"));
        assert.equal((await peer.response()).body, "thanks");
      }));

    it("may wait for 100 (Continue), from whichever endpoint", () =>
      withRaw(driver, { on: ["5xx"], attempts: 2 }, async ({ peer, next }) => {
        peer.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        const first = await next();
        await first.takeThrough("\r\n\r\n");
        first.send(respond("", "", "503 Not now"));
        const second = await next();
        assert.match(await second.takeThrough("\r\n\r\n"), /\r\nExpect: 100-continue\r\n/);
        second.send("HTTP/1.1 100 Continue\r\n\r\n");
        assert.equal(statusOf(await peer.response()), 100);
        peer.send("body");
        assert.equal(await second.takeBytes(4), "body");
        second.send(respond("", "", "503 Not now"));
        const third = await next();
        await third.takeThrough("\r\n\r\nbody");
        third.send(`HTTP/1.1 100 Continue\r\n\r\n${respond("thanks")}`);
        assert.equal(statusOf(await peer.response()), 100);
        assert.equal((await peer.response()).body, "thanks");
      }));

    it("is nobody's late answer, when its time for one try is over", () =>
      withRaw(driver, { on: ["timeout"], per_try_timeout_ms: 300 }, async ({ peer, next, proxy }) => {
        peer.send(get("/"));
        const first = await next();
        await first.request();
        const second = await next();
        await second.request();
        first.send(respond("late"));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthe");
        await peer.takeThrough("\r\n\r\nthe");
        // The time for a try is the time to the head of its response.
        await first.until(() => first.isOver, "the first one's connection was closed");
        await new Promise((resolve) => setTimeout(resolve, 350));
        second.send("end");
        assert.equal(await peer.takeBytes(3), "end");
        assert.equal(proxy.count("http_upstream_retries_total"), 1);
      }));

    it("is not sent again once its response has begun", () =>
      withRaw(driver, { on: ["5xx"] }, async ({ peer, next, proxy }) => {
        peer.send(get("/"));
        const first = await next();
        await first.request();
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthe");
        await peer.takeThrough("\r\n\r\nthe");
        first.socket.resetAndDestroy();
        await peer.until(() => peer.isOver, "it was cut short");
        assert.equal(proxy.count("http_upstream_retries_total"), 0);
      }));

    it("is sent once more, with its body, if that is kept and it crossed the end of an unused connection", () =>
      withRaw(driver, { on: ["connect-failure"] }, async ({ peer, next, proxy }) => {
        peer.send(get("/warm"));
        const first = await next();
        await first.request();
        first.send(respond("warm"));
        await peer.response();
        peer.send(post("/", "body", "", "PUT"));
        await first.request();
        first.socket.resetAndDestroy();
        const second = await next();
        assert.equal((await second.request()).body, "body");
        second.send(respond("thanks"));
        assert.equal((await peer.response()).body, "thanks");
        assert.equal(proxy.count("http_upstream_retries_total"), 1);
      }));

    it("is sent once more if it crossed the end of an unused connection, and only once", () =>
      withRaw(driver, null, async ({ peer, next, proxy }) => {
        peer.send(get("/warm"));
        const first = await next();
        await first.request();
        first.send(respond("warm"));
        await peer.response();
        peer.send(get("/"));
        await first.request();
        first.socket.resetAndDestroy();
        const second = await next();
        await second.request();
        second.socket.resetAndDestroy();
        assert.equal(statusOf(await peer.response()), 502);
        const counts = proxy.running.statistics();
        assert.equal(counts.http_upstream_retries_total, 1);
        assert.equal(counts.upstream_connections_total, 2);
        assert.equal(counts.http_reason_uc_total, 1);
      }));
  });
}

function retrying(
  endpoints: readonly string[],
  retry: RetrySection | null,
  cluster: Omit<ProxyFile["clusters"][number], "name" | "endpoints"> = {},
): ProxyFile {
  const ofRoute = retry === null ? {} : { retry: { back_off_ms: 0, ...retry } };
  return {
    listeners: [{ routes: [{ cluster: "web", ...ofRoute }] }],
    clusters: [{ name: "web", endpoints, ...cluster }],
  };
}

async function withFile(driver: DriverName, file: ProxyFile, use: (proxy: TestProxy) => Promise<void>): Promise<void> {
  const proxy = await TestProxy.start(driver, file);
  try {
    await use(proxy);
  } finally {
    await proxy.close();
  }
}

/** A client, and the connections that the proxy makes to its only upstream. */
async function withRaw(
  driver: DriverName,
  retry: RetrySection | null,
  use: (scene: { peer: Peer; next: () => Promise<Peer>; proxy: TestProxy }) => Promise<void>,
): Promise<void> {
  const upstream = await RawUpstream.start();
  try {
    await withFile(driver, retrying([`127.0.0.1:${upstream.port}`], retry), async (proxy) => {
      const peer = await proxy.client();
      await use({ peer, next: () => upstream.next(), proxy });
      peer.destroy();
    });
  } finally {
    await upstream.close();
  }
}
