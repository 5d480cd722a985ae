/** CONNECT, and upgrades that a route has a hand in. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { StatisticName } from "../lib/proxy/statistics.ts";
import { unusedPort } from "./support/command.ts";
import { fieldOf, type Peer, RawUpstream, respond, statusOf } from "./support/http_peers.ts";
import { DRIVERS, type DriverName, get, TestProxy } from "./support/http_routes.ts";

const CONNECT = "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: x-echo/1\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x-echo/1\r\nX-Secret: 1\r\n\r\n";

interface Use {
  readonly peer: Peer;
  /** The next connection that the upstream gets. */
  readonly next: () => Promise<Peer>;
  /** What was added to a number of the proxy's statistics. */
  readonly added: (name: StatisticName) => number;
}

/** One proxy for all tests: the first listener makes tunnels, the second one does not. */
class TunnelScene {
  readonly proxy: TestProxy;
  readonly #upstream: RawUpstream;

  private constructor(proxy: TestProxy, upstream: RawUpstream) {
    this.proxy = proxy;
    this.#upstream = upstream;
  }

  static async start(driver: DriverName): Promise<TunnelScene> {
    const upstream = await RawUpstream.start();
    const dead = [`127.0.0.1:${await unusedPort()}`, `127.0.0.1:${await unusedPort()}`];
    const to = `127.0.0.1:${upstream.port}`;
    const proxy = await TestProxy.start(driver, {
      listeners: [
        {
          http: { stream_idle_timeout_ms: 600 },
          virtual_hosts: [
            { domains: ["dead.test"], routes: [{ cluster: "dead", allow_connect: true }] },
            { domains: ["half.test"], routes: [{ cluster: "half", allow_connect: true }] },
            {
              domains: ["*"],
              routes: [
                {
                  match: { prefix: "/ws" },
                  cluster: "web",
                  rewrite: { prefix: "/chat", host: "ws.test" },
                  request_headers: { set: { "x-set": "1" } },
                  response_headers: { remove: ["x-secret"], add: { "x-add": "2" } },
                  retry: { on: ["5xx"], back_off_ms: 0 },
                  timeout_ms: 500,
                  mirror: { cluster: "dead" },
                },
                { cluster: "web", allow_connect: true, timeout_ms: 300, mirror: { cluster: "dead" } },
              ],
            },
          ],
        },
        { cluster: "web" },
      ],
      clusters: [
        { name: "web", endpoints: [to] },
        { name: "dead", endpoints: dead },
        { name: "half", endpoints: [...dead, to], connect_attempts: 3 },
      ],
    });
    return new TunnelScene(proxy, upstream);
  }

  async use(use: (scene: Use) => Promise<void>): Promise<void> {
    const before = this.proxy.running.statistics();
    const peer = await this.proxy.client();
    const added = (name: StatisticName) => this.proxy.count(name) - before[name];
    await use({ peer, next: () => this.#upstream.next(), added });
    peer.socket.resetAndDestroy();
    await this.proxy.counts("downstream_connections_active", 0);
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.#upstream.close();
  }
}

for (const driver of DRIVERS) {
  describe(`a CONNECT tunnel on the ${driver} driver`, () => {
    let scene: TunnelScene;
    before(async () => {
      scene = await TunnelScene.start(driver);
    });
    after(() => scene.close());

    it("carries bytes both ways, those right behind the head too, and half-closes", () =>
      scene.use(async ({ peer, next, added }) => {
        peer.send(`${CONNECT}${get("/early")}`);
        const far = await next();
        const response = await peer.takeThrough("\r\n\r\n");
        assert.equal(response, "HTTP/1.1 200 OK\r\n\r\n");
        assert.equal(await far.takeBytes(get("/early").length), get("/early"));
        far.send("HTTP/1.1 nonsense\r\n\r\n");
        assert.equal(await peer.takeBytes(21), "HTTP/1.1 nonsense\r\n\r\n");
        peer.end("last words");
        assert.equal(await far.takeRest(), "last words");
        far.send("after that");
        assert.equal(await peer.takeBytes(10), "after that");
        far.end("and the end");
        assert.equal(await peer.takeRest(), "and the end");
        assert.equal(peer.errorCode, "");
        await scene.proxy.counts("http_requests_active", 0);
        assert.equal(added("http_mirrored_requests_total"), 0);
        assert.equal(added("http_responses_2xx_total"), 1);
      }));

    it("may be half-closed before it is there", () =>
      scene.use(async ({ peer, next }) => {
        peer.end(`${CONNECT}all of it`);
        const far = await next();
        assert.equal(await far.takeRest(), "all of it");
        far.end("thanks");
        assert.equal(await peer.takeRest(), "HTTP/1.1 200 OK\r\n\r\nthanks");
      }));

    it("carries much, in either direction, without losing a byte", () =>
      scene.use(async ({ peer, next }) => {
        peer.send(CONNECT);
        const far = await next();
        await peer.takeThrough("\r\n\r\n");
        const text = Array.from({ length: 400_000 }, (_, index) => String.fromCharCode(index % 251)).join("");
        peer.end(text);
        assert.ok((await far.takeRest()) === text);
        far.end(text);
        assert.ok((await peer.takeRest()) === text);
      }));

    it("passes a reset on, from either side", () =>
      scene.use(async ({ peer: first, next }) => {
        for (const isClient of [true, false]) {
          const peer = isClient ? first : await scene.proxy.client();
          peer.send(CONNECT);
          const far = await next();
          await peer.takeThrough("\r\n\r\n");
          const [breaking, other] = isClient ? [peer, far] : [far, peer];
          breaking.socket.resetAndDestroy();
          await other.until(() => other.isClosed || other.hasEnded, "the other side saw it");
          assert.equal(other.errorCode, "ECONNRESET");
        }
      }));

    it("lives longer than a request may, but not without bytes", () =>
      scene.use(async ({ peer, next }) => {
        peer.send(CONNECT);
        const far = await next();
        await peer.takeThrough("\r\n\r\n");
        for (let round = 0; round < 8; round++) {
          far.send("x");
          assert.equal(await peer.takeBytes(1), "x");
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await peer.until(() => peer.isOver, "it was closed");
        await far.until(() => far.isOver, "it was closed for the upstream");
      }));

    it("is made to another endpoint if one can't be reached", () =>
      scene.use(async ({ next }) => {
        for (let index = 0; index < 3; index++) {
          const peer = await scene.proxy.client();
          peer.send("CONNECT half.test:1 HTTP/1.1\r\nHost: half.test:1\r\n\r\nhello");
          const far = await next();
          assert.equal(await far.takeBytes(5), "hello");
          assert.equal(await peer.takeThrough("\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
          peer.socket.resetAndDestroy();
        }
      }));

    it("is not made without an endpoint, or a route that allows it; what follows is no request", () =>
      scene.use(async ({ added }) => {
        for (const [listener, host, status] of [
          [0, "dead.test", 502],
          [1, "far.test", 405],
        ] as const) {
          const peer = await scene.proxy.client(listener);
          peer.send(`CONNECT ${host}:1 HTTP/1.1\r\nHost: ${host}:1\r\n\r\n${get("/hidden")}`);
          const response = await peer.response();
          assert.equal(statusOf(response), status);
          assert.equal(fieldOf(response, "connection"), "close");
          assert.equal(await peer.takeRest(), "");
          peer.destroy();
        }
        assert.equal(added("http_requests_total"), 2);
        assert.equal(added("http_reason_uf_total"), 1);
        assert.equal(added("http_reason_mr_total"), 1);
      }));

    it("has a connection of its own, and leaves the others alone", () =>
      scene.use(async ({ peer, next }) => {
        peer.send(get("/before"));
        const kept = await next();
        await kept.request();
        kept.send(respond("before"));
        await peer.response();
        peer.send(CONNECT);
        const far = await next();
        await peer.takeThrough("\r\n\r\n");
        far.send("hello");
        assert.equal(await peer.takeBytes(5), "hello");
        const other = await scene.proxy.client();
        other.send(get("/after"));
        assert.equal((await kept.request()).startLine, "GET /after HTTP/1.1");
        kept.send(respond("after"));
        assert.equal((await other.response()).body, "after");
        other.destroy();
      }));
  });

  describe(`an upgrade through a route on the ${driver} driver`, () => {
    let scene: TunnelScene;
    before(async () => {
      scene = await TunnelScene.start(driver);
    });
    after(() => scene.close());

    it("has the route's path, host and fields, and then bytes", () =>
      scene.use(async ({ peer, next, added }) => {
        peer.send(get("/ws/room?x", UPGRADE));
        const first = await next();
        const request = await first.request();
        assert.equal(request.startLine, "GET /chat/room?x HTTP/1.1");
        assert.equal(fieldOf(request, "host"), "ws.test");
        assert.equal(fieldOf(request, "x-set"), "1");
        assert.equal(fieldOf(request, "upgrade"), "x-echo/1");
        // A refusal is a reason to ask again, as for any request.
        first.send(respond("", "", "503 Not now"));
        const second = await next();
        assert.deepEqual(await second.request(), request);
        second.send(`${SWITCHING}hello`);
        const response = await peer.response();
        assert.equal(statusOf(response), 101);
        assert.equal(fieldOf(response, "x-secret"), undefined);
        assert.equal(fieldOf(response, "x-add"), "2");
        assert.equal(await peer.takeBytes(5), "hello");
        for (let round = 0; round < 8; round++) {
          peer.send("ping");
          assert.equal(await second.takeBytes(4), "ping");
          second.send("pong");
          assert.equal(await peer.takeBytes(4), "pong");
          await new Promise((resolve) => setTimeout(resolve, 80));
        }
        assert.equal(added("http_upgrades_total"), 1);
        assert.equal(added("http_mirrored_requests_total"), 0);
        assert.equal(added("http_upstream_retries_total"), 1);
      }));
  });
}
