/**
 * `serve` with real clients, on real drivers. What only depends on bytes and times is tried in lib/web on a simulated
 * network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request as nodeRequest } from "node:http";
import { describe, it } from "node:test";
import type { ServeHandler } from "../lib/web/serve_options.ts";
import { connect, until } from "./support/command.ts";
import { chunkData, client, fieldOf, statusOf } from "./support/http_peers.ts";
import { missing, run } from "./support/programs.ts";
import { DRIVERS, withServer } from "./support/web_scene.ts";

const LARGE = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 11)) & 0xff);
const LARGE_SHA256 = sha256(LARGE);
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Answers with what it got, in several ways. */
const application: ServeHandler = async (request) => {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/echo":
      return new Response(request.body);
    case "/hash":
      return new Response(sha256(new Uint8Array(await request.arrayBuffer())));
    case "/large":
      return new Response(LARGE);
    case "/stream":
      return new Response(largeStream());
    default:
      return new Response(`${request.method} ${pathname} ${await request.text()}`);
  }
};

function largeStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = LARGE.slice(at, at + 70_000);
      at += piece.length;
      controller.enqueue(piece);
      if (at === LARGE.length) controller.close();
    },
  });
}

/** One request with node:http. */
async function ask(agent: Agent, port: number, path: string, body?: Uint8Array): Promise<Uint8Array> {
  const request = nodeRequest({ agent, port, path, host: "127.0.0.1", method: body === undefined ? "GET" : "POST" });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const pieces: Uint8Array[] = [];
  for await (const piece of response) pieces.push(piece as Uint8Array);
  return new Uint8Array(Buffer.concat(pieces));
}

for (const driver of DRIVERS) {
  describe(`serve on the ${driver} driver`, () => {
    it("serves fetch", async () => {
      await withServer(driver, application, {}, async ({ server }) => {
        const url = server.origin;
        assert.equal(await (await fetch(`${url}/a`)).text(), "GET /a ");
        assert.equal(await (await fetch(`${url}/b`, { method: "PUT", body: "abc" })).text(), "PUT /b abc");
        assert.equal(await (await fetch(`${url}/hash`, { method: "POST", body: LARGE })).text(), LARGE_SHA256);
        for (const path of ["/large", "/stream"]) {
          assert.equal(sha256(new Uint8Array(await (await fetch(`${url}${path}`)).arrayBuffer())), LARGE_SHA256, path);
        }
        const echo = await fetch(`${url}/echo`, { method: "POST", body: LARGE });
        assert.equal(sha256(new Uint8Array(await echo.arrayBuffer())), LARGE_SHA256);
        const head = await fetch(`${url}/large`, { method: "HEAD" });
        assert.equal(head.headers.get("content-length"), String(LARGE.length));
        const many = await Promise.all(Array.from({ length: 50 }, (_, index) => fetch(`${url}/${index}`)));
        const texts = await Promise.all(many.map((response) => response.text()));
        assert.deepEqual(
          texts,
          texts.map((_, index) => `GET /${index} `),
        );
      });
    });

    it("serves node:http, on one connection", async () => {
      await withServer(driver, application, {}, async ({ server, port }) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (let round = 0; round < 20; round++) {
          assert.equal(Buffer.from(await ask(agent, port, `/${round}`)).toString(), `GET /${round} `);
        }
        assert.equal(sha256(await ask(agent, port, "/echo", LARGE)), LARGE_SHA256);
        agent.destroy();
        assert.equal(server.statistics().connections, 1);
        assert.equal(server.statistics().requests, 21);
      });
    });

    it("serves curl", { skip: missing("curl") }, async () => {
      await withServer(driver, application, {}, async ({ server }) => {
        const url = server.origin;
        const curl = async (...options: string[]) => (await run("curl", ["-sS", "--max-time", "15", ...options])).out;
        assert.equal(await curl(`${url}/a`, `${url}/b`), "GET /a GET /b ");
        assert.equal(await curl("-d", "abc", `${url}/c`), "POST /c abc");
        assert.equal(await curl("-H", "Transfer-Encoding: chunked", "-d", "abc", `${url}/d`), "POST /d abc");
        assert.equal(await curl("--http1.0", `${url}/e`), "GET /e ");
        assert.equal(await curl("-H", "Expect: 100-continue", "-d", "abc", `${url}/f`), "POST /f abc");
        assert.match(await curl("-I", `${url}/g`), /^HTTP\/1\.1 200 OK\r\n.*content-length: 8\r\n/s);
      });
    });

    it("serves a load without a failure", { skip: missing("wrk") }, async () => {
      await withServer(
        driver,
        () => new Response("hello"),
        {},
        async ({ server, problems }) => {
          const { out } = await run("wrk", ["-t1", "-c16", "-d1s", server.origin]);
          assert.match(out, /Requests\/sec/);
          assert.doesNotMatch(out, /Socket errors|Non-2xx/);
          assert.ok(server.statistics().requests > 100);
          assert.deepEqual(problems, []);
        },
      );
    });

    it("serves what comes in any pieces", async () => {
      await withServer(driver, application, {}, async ({ port }) => {
        const peer = await client(port);
        const text =
          "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for (const byte of text) {
          peer.send(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal((await peer.response()).body, "POST /x abcde");
        peer.send(text.repeat(20));
        for (let index = 0; index < 20; index++) assert.equal((await peer.response()).body, "POST /x abcde");
        peer.destroy();
      });
    });

    it("keeps what it holds for a client that does not read bounded", async () => {
      let madeBytes = 0;
      let isCancelled = false;
      const handler: ServeHandler = () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              madeBytes += 100_000;
              controller.enqueue(new Uint8Array(100_000));
            },
            cancel() {
              isCancelled = true;
            },
          }),
        );
      await withServer(driver, handler, {}, async ({ port, problems }) => {
        const socket = await connect({ port });
        socket.pause();
        socket.write(GET);
        let before = -1;
        await until(async () => {
          const isStill = madeBytes > 0 && madeBytes === before;
          before = madeBytes;
          await new Promise((resolve) => setTimeout(resolve, 200));
          return isStill;
        }, "the stream stood still");
        // What both kernels hold of a connection, and a little more.
        assert.ok(madeBytes < 16_000_000, `${madeBytes}`);
        socket.destroy();
        await until(() => isCancelled, "the stream was cancelled");
        assert.deepEqual(problems, []);
      });
    });

    it("tells a handler that its client is gone", async () => {
      const signals: AbortSignal[] = [];
      const handler: ServeHandler = (request) => {
        signals.push(request.signal);
        return new Promise(() => {});
      };
      await withServer(driver, handler, {}, async ({ server }) => {
        const abort = new AbortController();
        const got = fetch(server.origin, { signal: abort.signal });
        await until(() => signals.length === 1, "the request came");
        abort.abort();
        await assert.rejects(got);
        await until(() => signals[0]?.aborted === true, "the signal was aborted");
      });
    });

    it("passes a request on to fetch, with its body and its signal", async () => {
      await withServer(driver, application, {}, async ({ server: backend }) => {
        const forward: ServeHandler = (request) => {
          const { pathname } = new URL(request.url);
          const target = `${backend.origin}${pathname}`;
          if (request.method === "PUT") return fetch(new Request(target, request));
          const { method, headers, body, signal } = request;
          return fetch(target, { method, headers, body, signal, duplex: "half" } as RequestInit);
        };
        await withServer(driver, forward, {}, async ({ server }) => {
          const { origin } = server;
          assert.equal(await (await fetch(`${origin}/a`)).text(), "GET /a ");
          assert.equal(await (await fetch(`${origin}/b`, { method: "PUT", body: "abc" })).text(), "PUT /b abc");
          const hash = await fetch(`${origin}/hash`, { method: "POST", body: LARGE });
          assert.equal(await hash.text(), LARGE_SHA256);
          const large = await fetch(`${origin}/stream`);
          assert.equal(sha256(new Uint8Array(await large.arrayBuffer())), LARGE_SHA256);
        });
      });
    });

    it("gives a clone of a request that has everything", async () => {
      const handler: ServeHandler = async (request) => {
        const copy = request.clone();
        assert.ok(request instanceof Request && copy instanceof Request);
        assert.equal(copy.signal.aborted, false);
        return Response.json([await request.text(), await copy.text(), copy.headers.get("x-a"), copy.method]);
      };
      await withServer(driver, handler, {}, async ({ server }) => {
        const response = await fetch(server.origin, { method: "POST", body: "abc", headers: { "x-a": "b" } });
        assert.deepEqual(await response.json(), ["abc", "abc", "b", "POST"]);
      });
    });

    it("listens on unix sockets and on several addresses", async () => {
      const name = `@ringway-web-${crypto.randomUUID()}`;
      const listen = [`unix:${name}`, "127.0.0.1:0", "[::1]:0"];
      await withServer(driver, application, { listen }, async ({ server }) => {
        assert.deepEqual(
          server.addresses.map(({ family }) => family),
          ["unix", "ipv4", "ipv6"],
        );
        assert.equal(server.origin, `unix:${name}`);
        for (const address of server.addresses.slice(1)) {
          assert.ok(address.family !== "unix");
          const peer = await client(address.port, address.host);
          peer.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
          assert.equal((await peer.response()).body, "GET /x ");
          peer.destroy();
        }
      });
    });

    it("says why it can't listen", async () => {
      await withServer(driver, application, {}, async ({ server }) => {
        await assert.rejects(
          withServer(driver, application, { listen: server.address }, () => Promise.resolve()),
          { code: "EADDRINUSE" },
        );
      });
    });

    it("ends in order when it is drained", async () => {
      let finish = () => {};
      const handler: ServeHandler = async () => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return new Response(largeStream());
      };
      await withServer(driver, handler, {}, async ({ server, port }) => {
        const idle = await client(port);
        const busy = await client(port);
        busy.send(GET);
        await until(() => server.statistics().activeRequests === 1, "the request came");
        const drained = server.drain();
        await idle.takeRest();
        idle.destroy();
        finish();
        const response = await busy.response();
        assert.equal(statusOf(response), 200);
        assert.equal(fieldOf(response, "connection"), "close");
        assert.equal(chunkData(response.body).length, LARGE.length);
        await busy.takeRest();
        busy.destroy();
        assert.equal(await drained, 0);
        await server.finished;
        await assert.rejects(connect({ port }), { code: "ECONNREFUSED" });
      });
    });
  });
}
