/**
 * How exchanges with filters end, and workers with them, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "./support/command.ts";
import { echoAll, FilterScene, startFilterCommand } from "./support/filter_scene.ts";
import { respond, statusOf } from "./support/http_peers.ts";

const UPGRADE = "Connection: Upgrade\r\nUpgrade: x-echo/1\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x-echo/1\r\n\r\n";

for (const driver of ["uring", "default"]) {
  describe(`the end of exchanges with filters on the ${driver} driver`, () => {
    let scene: FilterScene;
    before(async () => {
      scene = await FilterScene.start(driver);
    });
    after(async () => {
      await scene.close();
      assert.doesNotMatch(scene.command.error, /bug|crashed/);
    });

    it("is told once, with what came of it", async () => {
      const peer = await scene.client();
      peer.send("POST /x HTTP/1.1\r\nHost: a\r\nX-Id: usual\r\nContent-Length: 4\r\n\r\nbody");
      await peer.response();
      const { status, flag, receivedBytes, sentBytes, upstream, client } = await scene.end("usual");
      assert.deepEqual([status, flag, receivedBytes, sentBytes, client], [200, "-", 4, 4, "127.0.0.1"]);
      assert.equal(upstream, `127.0.0.1:${scene.upstream.port}`);
      peer.destroy();
    });

    it("is told of requests that could not be read", async () => {
      const peer = await scene.client();
      peer.send("POST /x HTTP/1.1\r\nHost: a\r\nX-Id: before\r\nContent-Length: 4\r\n\r\nbodynonsense\r\n\r\n");
      await peer.response();
      assert.equal(statusOf(await peer.response()), 400);
      const { status, flag, receivedBytes, upstream } = await scene.end("unreadable");
      assert.deepEqual([status, flag, receivedBytes, upstream], [400, "DPE", 0, ""]);
      peer.destroy();
    });

    it("is told of clients that leave, at any time", async () => {
      let isAsked = false;
      scene.upstream.answer = () => {
        isAsked = true;
      };
      const cases = [
        ["waiting", "GET /x HTTP/1.1"],
        ["hanging", "GET /fail/x?kind=hang HTTP/1.1"],
        ["late", "GET /fail/x?kind=hang&hook=route HTTP/1.1"],
      ] as const;
      for (const [id, line] of cases) {
        isAsked = false;
        const peer = await scene.client();
        peer.send(`${line}\r\nHost: a\r\nX-Id: ${id}\r\n\r\n`);
        if (id === "waiting") await until(() => isAsked, "the upstream is asked");
        else await new Promise((resolve) => setTimeout(resolve, 20));
        peer.socket.resetAndDestroy();
        const { flag, status } = await scene.end(id);
        assert.deepEqual([flag, status], ["DC", 0], id);
      }
      scene.upstream.answer = echoAll;
    });

    it("is told of upgrades, whose bytes pass", async () => {
      for (const path of ["/x", "/order/x?wait=timer", "/transform/x?kind=upper"]) {
        const id = `upgrade${path.length}`;
        scene.upstream.answer = async (_, peer) => {
          peer.send(`${SWITCHING}welcome`);
          peer.send(`<${await peer.takeBytes(4)}>`);
          peer.end();
        };
        const peer = await scene.client();
        // The first bytes of the other protocol come with the request.
        peer.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\n${UPGRADE}\r\nha`);
        assert.equal(statusOf(await peer.response()), 101);
        await peer.takeThrough("welcome");
        peer.send("lf");
        await peer.takeThrough("<half>");
        peer.end();
        const { status, flag } = await scene.end(id);
        assert.deepEqual([status, flag], [101, "-"]);
      }
      scene.upstream.answer = echoAll;
    });

    it("is told of responses that the endpoint does not complete", async () => {
      scene.upstream.answer = (_, peer) => peer.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
      const peer = await scene.client();
      peer.send("GET /x HTTP/1.1\r\nHost: a\r\nX-Id: short\r\n\r\n");
      assert.equal((await peer.response()).isComplete, false);
      const { flag, status, sentBytes } = await scene.end("short");
      assert.deepEqual([flag, status, sentBytes], ["UC", 200, 4]);
      scene.upstream.answer = echoAll;
    });

    it("comes for each of many, once", async () => {
      const peer = await scene.client();
      for (let index = 0; index < 30; index++) peer.send(`GET /x HTTP/1.1\r\nHost: a\r\nX-Id: many${index}\r\n\r\n`);
      for (let index = 0; index < 30; index++) await peer.response();
      for (let index = 0; index < 30; index += 7) await scene.end(`many${index}`);
      peer.destroy();
    });

    it("is waited for when the proxy ends, also while a filter waits", async () => {
      const own = await FilterScene.start(driver);
      try {
        const peer = await own.client();
        peer.send("GET /order/x?wait=timer HTTP/1.1\r\nHost: a\r\n\r\n");
        const hanging = await own.client();
        hanging.send("GET /fail/x?kind=hang HTTP/1.1\r\nHost: a\r\nX-Id: last\r\n\r\n");
        await new Promise((resolve) => setTimeout(resolve, 50));
        own.command.signal("SIGTERM");
        assert.equal(statusOf(await peer.response()), 200);
        assert.equal(statusOf(await hanging.response()), 504);
        assert.equal((await own.command.finished).code, 0);
        assert.match(own.command.error, /warning .*stopped 0/);
      } finally {
        await own.close();
      }
    });

    it("stops a worker although user code waits for ever", async () => {
      const own = await FilterScene.start(driver);
      try {
        const peer = await own.client();
        peer.send("GET /fail/x?kind=hang HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal(statusOf(await peer.response()), 504);
        peer.destroy();
        own.command.signal("SIGTERM");
        assert.equal((await own.command.finished).code, 0);
      } finally {
        await own.close();
      }
    });

    it("filters that do not start keep the proxy from starting, and say why", async () => {
      const command = startFilterCommand({ DRIVER: driver, FAIL_START: "yes" });
      const { code, error } = await command.finished;
      assert.equal(code, 1);
      assert.match(error, /cannot start for a test/);
    });

    it("each of several workers has its own", async () => {
      const own = await FilterScene.start(driver, { WORKERS: "2" });
      try {
        await own.command.until(
          (_, error) => /started 0 of 2/.test(error) && /started 1 of 2/.test(error),
          "all start",
        );
        own.upstream.answer = (_, peer) => peer.send(respond("x"));
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const peer = await own.client();
            peer.send("GET /order/x?wait=null HTTP/1.1\r\nHost: a\r\n\r\n");
            assert.equal(statusOf(await peer.response()), 200);
            peer.destroy();
          }),
        );
      } finally {
        await own.close();
      }
    });
  });
}
