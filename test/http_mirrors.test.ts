/** Copies of requests: whole where they arrive, and of no concern to the client wherever they do not. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { until, unusedPort } from "./support/command.ts";
import { startFullBacklog } from "./support/full_backlog.ts";
import { type Answer, fieldOf, type Message, type Peer, RawUpstream, respond, statusOf } from "./support/http_peers.ts";
import { DRIVERS, get, post, RouteScene } from "./support/http_routes.ts";

const CHUNKS = "5;a=b\r\nhello\r\n3\r\n, x\r\n0\r\nX-Sum: 1\r\n\r\n";
const BODY = "b".repeat(40_000);

/** What a copy may get for an answer. */
const BAD_ANSWERS: Readonly<Record<string, Answer>> = {
  "an error": (_, peer) => peer.send(respond("no", "", "500 No")),
  garbage: (_, peer) => peer.send("nonsense\r\n\r\n"),
  "a reset": (_, peer) => void peer.socket.resetAndDestroy(),
  "an end": (_, peer) => peer.end(),
  "half an answer": (_, peer) => peer.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
  "another protocol": (_, peer) => peer.send("HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
  "a long answer": (_, peer) => peer.send(respond("x".repeat(500_000))),
  "an answer without an end": (_, peer) => peer.send("HTTP/1.1 200 OK\r\n\r\nand"),
};

for (const driver of DRIVERS) {
  describe(`a copy of a request on the ${driver} driver`, () => {
    let scene: RouteScene;
    before(async () => {
      const dead = await unusedPort();
      scene = await RouteScene.start(driver, ["main", "copy"], (endpoint) => {
        const route = (name: string, percent = 100) => ({
          match: { prefix: `/${name}` },
          cluster: "main",
          mirror: { cluster: name, percent },
        });
        return {
          listeners: [
            {
              routes: [
                { ...route("copy"), rewrite: { prefix: "/new" }, request_headers: { set: { "x-set": "1" } } },
                { ...route("own"), rewrite: { host_from_endpoint: true } },
                { ...route("none", 0), mirror: { cluster: "copy", percent: 0 } },
                route("dead"),
                route("few"),
                route("fresh"),
                { match: { prefix: "/again" }, cluster: "main", mirror: { cluster: "copy" }, retry: { on: ["5xx"] } },
              ],
            },
            { routes: [route("copy")], http: { response_timeout_ms: 300 } },
          ],
          clusters: [
            { name: "main", endpoints: [endpoint("main")] },
            { name: "copy", endpoints: [endpoint("copy")] },
            { name: "own", endpoints: [endpoint("copy")] },
            { name: "fresh", endpoints: [endpoint("copy")], max_requests_per_connection: 1 },
            { name: "dead", endpoints: [`127.0.0.1:${dead}`] },
            { name: "few", endpoints: [endpoint("copy")], max_requests: 1 },
          ],
        };
      });
    });
    after(() => scene.close());
    beforeEach(() => scene.reset());

    async function copied(count: number): Promise<readonly Message[]> {
      const { requests } = scene.upstream("copy");
      await until(() => requests.length >= count, `${count} copies arrived`);
      assert.equal(requests.length, count);
      return requests;
    }

    it("is the request as the endpoint gets it, with its whole body", async () => {
      const requests = [
        get("/copy/a?b", "X-A: 1\r\n"),
        post("/copy", BODY),
        `PUT /copy HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
        get("/copy", "", "a", "HEAD"),
      ];
      for (const [index, request] of requests.entries()) {
        assert.equal(statusOf(await scene.proxy.exchange(request)), 200);
        await copied(index + 1);
      }
      assert.deepEqual(scene.upstream("copy").requests, scene.upstream("main").requests);
      assert.equal(scene.upstream("copy").requests[0]?.startLine, "GET /new/a?b HTTP/1.1");
      assert.equal(scene.proxy.count("http_mirrored_requests_total"), 4);
    });

    it("takes its body piece by piece", async () => {
      const peer = await scene.proxy.client();
      peer.send("POST /copy HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nbegin");
      for (let piece = 0; piece < 3; piece++) {
        peer.send("piece");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.equal((await peer.response()).body, "main");
      assert.equal((await copied(1))[0]?.body, "beginpiecepiecepiece");
      peer.destroy();
    });

    it("has the host of its own endpoint, if the route wants that", async () => {
      await scene.proxy.exchange(get("/own"));
      await copied(1);
      for (const name of ["main", "copy"]) {
        assert.equal(fieldOf(scene.seen(name), "host"), `127.0.0.1:${scene.upstream(name).port}`);
      }
    });

    it("is one, however often the request is sent again", async () => {
      let count = 0;
      scene.upstream("main").answer = (_, peer) =>
        peer.send(count++ === 0 ? respond("", "", "503 No") : respond("again"));
      assert.equal((await scene.proxy.exchange(post("/again", "body", "", "PUT"))).body, "again");
      assert.equal((await copied(1))[0]?.body, "body");
    });

    it("is not made for more requests than the route says, nor than its cluster takes", async () => {
      const before = scene.proxy.count("http_mirrored_requests_total");
      for (let index = 0; index < 10; index++) await scene.proxy.exchange(get("/none"));
      assert.equal(scene.proxy.count("http_mirrored_requests_total"), before);
      const held: Peer[] = [];
      scene.upstream("copy").answer = (_, peer) => void held.push(peer);
      assert.equal((await scene.proxy.exchange(get("/few"))).body, "main");
      await copied(1);
      assert.equal((await scene.proxy.exchange(get("/few"))).body, "main");
      assert.equal(scene.proxy.count("http_mirrored_requests_total"), before + 1);
      held[0]?.send(respond("now"));
      scene.reset();
      await until(async () => {
        await scene.proxy.exchange(get("/few"));
        return scene.upstream("copy").requests.length > 0;
      }, "there is room again");
    });

    for (const [name, answer] of Object.entries(BAD_ANSWERS)) {
      it(`changes nothing if it gets ${name}`, async () => {
        const peer = await scene.proxy.client();
        for (let round = 0; round < 3; round++) {
          scene.upstream("copy").answer = answer;
          peer.send(get("/copy") + post("/copy", BODY));
          assert.equal((await peer.response()).body, "main");
          assert.equal((await peer.response()).body, "main");
          await copied(2 * (round + 1));
        }
        peer.destroy();
      });
    }

    it("changes nothing if it gets no answer, and is given up after a while", async () => {
      const hung: Peer[] = [];
      scene.upstream("copy").answer = (_, other) => void hung.push(other);
      const peer = await scene.proxy.client(1);
      peer.send(get("/copy").repeat(5));
      for (let index = 0; index < 5; index++) assert.equal((await peer.response()).body, "main");
      await copied(5);
      await until(() => hung.every(({ isOver }) => isOver), "its connections are closed");
      peer.destroy();
    });

    it("changes nothing if its endpoint can't be reached", async () => {
      const before = scene.proxy.running.statistics();
      const peer = await scene.proxy.client();
      for (let index = 0; index < 5; index++) {
        peer.send(post("/dead", BODY));
        assert.equal((await peer.response()).body, "main");
      }
      await scene.proxy.counts("upstream_connect_failures_total", before.upstream_connect_failures_total + 5);
      assert.equal(scene.proxy.count("http_reason_uf_total"), before.http_reason_uf_total);
      peer.destroy();
    });

    it("uses connections again", async () => {
      scene.upstream("copy").peers.length = 0;
      for (let index = 1; index <= 20; index++) {
        await scene.proxy.exchange(post("/copy", "body"));
        await copied(index);
      }
      assert.ok(scene.upstream("copy").peers.length <= 4, `${scene.upstream("copy").peers.length} connections`);
    });

    it("ends when the client gives its request up", async () => {
      scene.upstream("copy").peers.length = 0;
      const { peers } = scene.upstream("copy");
      const peer = await scene.proxy.client();
      peer.send("POST /fresh HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nbegin");
      await until(() => peers[0]?.text === "begin", "it has begun");
      peer.socket.resetAndDestroy();
      await until(() => peers[0]?.isOver === true, "its connection is closed");
      assert.equal(scene.upstream("copy").requests.filter(({ isComplete }) => isComplete).length, 0);
    });
  });

  describe(`a copy that nobody takes on the ${driver} driver`, () => {
    it("is given up when it takes too much memory, and the request is not held up", async () => {
      const [raw, hanging] = [await RawUpstream.start(), await startFullBacklog()];
      const scene = await RouteScene.start(driver, ["main"], (endpoint) => ({
        listeners: [
          {
            routes: [
              { match: { prefix: "/reads-not" }, cluster: "main", mirror: { cluster: "raw" } },
              { match: { prefix: "/connects-not" }, cluster: "main", mirror: { cluster: "hanging" } },
            ],
          },
        ],
        clusters: [
          { name: "main", endpoints: [endpoint("main")] },
          { name: "raw", endpoints: [`127.0.0.1:${raw.port}`] },
          { name: "hanging", endpoints: [`127.0.0.1:${hanging.port}`] },
        ],
      }));
      try {
        for (const target of ["/reads-not", "/connects-not"]) {
          const body = "x".repeat(target === "/reads-not" ? 16 << 20 : 1 << 20);
          const sent = scene.proxy.exchange(post(target, body));
          if (target === "/reads-not") {
            const peer = await raw.next();
            peer.socket.pause();
            await sent;
            peer.socket.resume();
            await peer.until(() => peer.isOver, "the copy's connection was closed");
            assert.ok(peer.receivedBytes < body.length);
          }
          assert.equal((await sent).body, "main");
          assert.equal(scene.seen("main").body.length, body.length);
        }
        assert.equal(scene.proxy.count("http_mirrored_requests_total"), 2);
      } finally {
        await scene.close();
        await raw.close();
        hanging.close();
      }
    });
  });
}
