/**
 * The HTTP proxy as clients and upstreams see it, byte for byte, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "./support/command.ts";
import { allOf, chunkData, fieldOf, type Message, type Peer, respond, statusOf } from "./support/http_peers.ts";
import { echoTarget, Scene, withRawUpstream, withScene } from "./support/http_scene.ts";
import { missing, run } from "./support/programs.ts";

/** What the proxy adds to a request. */
const ADDED = ["via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id"];
const CHUNKS =
  '5;a=b;c="d;\\"e"\r\nhello\r\n0001\r\n,\r\nA ; x\r\n0123456789\r\n0;last\r\nX-Sum: 1\r\nX-More: a b\r\n\r\n';

/** The fields of a forwarded message but those that the proxy adds. */
function own(message: Message, added: readonly string[] = ADDED): string[] {
  return message.fields.filter(([name]) => !added.includes(name)).map(([name, value]) => `${name}: ${value}`);
}

/** All bytes there are but CR, LF and those that a field can't have at its ends, several times. */
const EVERY_BYTE = Array.from({ length: 256 * 40 }, (_, index) => String.fromCharCode(index & 255)).join("");

for (const driver of ["uring", "default"]) {
  describe(`a message through the HTTP proxy on the ${driver} driver`, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.start(driver);
    });
    after(async () => {
      await scene.close();
      assert.deepEqual(scene.upstream.errors, []);
      assert.doesNotMatch(scene.command.error, /bug/);
    });

    /** One request and its response, with what the upstream saw. */
    async function exchange(
      request: string,
      answer: string | ((request: Message, peer: Peer) => void | Promise<void>),
      method = "GET",
    ): Promise<{ seen: Message; response: Message; peer: Peer }> {
      scene.upstream.answer = typeof answer === "string" ? (_, upstream) => upstream.send(answer) : answer;
      const count = scene.upstream.requests.length;
      const peer = await scene.client();
      peer.send(request);
      const response = await peer.response(method);
      peer.destroy();
      assert.equal(scene.upstream.requests.length, count + 1);
      return { seen: scene.upstream.requests[count] as Message, response, peer };
    }

    it("keeps method, target, fields and their order, and the response's", async () => {
      const fields =
        "Host: Example.org:81\r\nX-A: 1\r\nx-b:2\r\nX-A:  3 \t 4  \r\nX-Empty:\r\nX-High: \xe9\xff\r\n" +
        "Cookie: a=b; c\r\n";
      const target = "/a/../b//c;d=%2f%2F?q=1&r[]=%zz&s='\"<>\\^`{|}";
      const { seen, response } = await exchange(
        `M-SEARCH ${target} HTTP/1.1\r\n${fields}\r\n`,
        respond(
          "ok",
          "X-One: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\nx-high: \xe9\r\nDate: yesterday\r\n",
          "299 So la la",
        ),
      );
      assert.equal(seen.startLine, `M-SEARCH ${target} HTTP/1.1`);
      assert.deepEqual(own(seen), [
        "host: Example.org:81",
        "x-a: 1",
        "x-b: 2",
        "x-a: 3 \t 4",
        "x-empty: ",
        "x-high: \xe9\xff",
        "cookie: a=b; c",
      ]);
      assert.equal(response.startLine, "HTTP/1.1 299 So la la");
      assert.deepEqual(own(response, []), [
        "content-length: 2",
        "x-one: 1",
        "set-cookie: a",
        "set-cookie: b",
        "x-high: \xe9",
        "date: yesterday",
      ]);
      assert.equal(response.body, "ok");
    });

    it("says a date if the upstream does not", async () => {
      const { response } = await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", respond(""));
      assert.ok(Math.abs(Date.parse(fieldOf(response, "date") ?? "") - Date.now()) < 60_000);
    });

    it("keeps a body with a length, both ways", async () => {
      const { seen, response } = await exchange(
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${EVERY_BYTE.length}\r\n\r\n${EVERY_BYTE}`,
        respond(EVERY_BYTE.slice(7)),
      );
      assert.ok(seen.body === EVERY_BYTE);
      assert.ok(response.body === EVERY_BYTE.slice(7));
      assert.equal(fieldOf(seen, "content-length"), `${EVERY_BYTE.length}`);
    });

    it("keeps chunks, their extensions and trailers, both ways", async () => {
      const { seen, response } = await exchange(
        `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${CHUNKS}`,
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${CHUNKS}`,
      );
      assert.equal(seen.body, CHUNKS);
      assert.deepEqual(own(seen), ["host: a", "transfer-encoding: chunked", "trailer: X-Sum"]);
      assert.equal(response.body, CHUNKS);
      assert.equal(fieldOf(response, "trailer"), "X-Sum");
    });

    it("ends a response with its connection if it has no length, and gives it chunks", async () => {
      const { response, peer } = await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", (_, upstream) => {
        upstream.end("HTTP/1.1 200 OK\r\n\r\nuntil the end");
      });
      assert.equal(fieldOf(response, "transfer-encoding"), "chunked");
      assert.equal(chunkData(response.body), "until the end");
      assert.equal(fieldOf(response, "connection"), undefined);
      assert.equal(peer.isOver, false);
    });

    it("gives HTTP/1.0 clients no chunks and the connection's end", async () => {
      const peer = await scene.client();
      scene.upstream.answer = (_, upstream) =>
        upstream.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${CHUNKS}`);
      peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      const response = await peer.response();
      assert.equal(fieldOf(response, "transfer-encoding"), undefined);
      assert.equal(fieldOf(response, "connection"), "close");
      assert.equal(response.body, "hello,0123456789");
      assert.ok(response.isComplete);
      // What the upstream ends with its connection, the client gets in the same way.
      scene.upstream.answer = (_, upstream) => upstream.end("HTTP/1.0 200 OK\r\n\r\nuntil the end");
      const other = await scene.client();
      other.send("GET / HTTP/1.0\r\n\r\n");
      const { body, isComplete } = await other.response();
      assert.deepEqual([body, isComplete], ["until the end", true]);
    });

    it("tells HTTP/1.0 clients that their connection goes on, and goes on", async () => {
      scene.upstream.answer = echoTarget;
      const peer = await scene.client();
      for (const target of ["/1", "/2"]) {
        peer.send(`GET ${target} HTTP/1.0\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\n\r\n`);
        const response = await peer.response();
        assert.equal(fieldOf(response, "connection"), "keep-alive");
        assert.equal(response.body, target);
      }
      peer.send("GET /3 HTTP/1.0\r\n\r\n");
      const response = await peer.response();
      assert.equal(fieldOf(response, "connection"), "close");
      await peer.until(() => peer.hasEnded, "the connection ended");
      peer.destroy();
    });

    it("is HTTP/1.1 for an HTTP/1.1 client of an HTTP/1.0 upstream, and for an upstream of an old client", async () => {
      const { response } = await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", (_, upstream) => {
        upstream.send(
          "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok",
        );
      });
      assert.equal(response.startLine, "HTTP/1.1 200 OK");
      assert.deepEqual(own(response, ["date"]), ["content-length: 2"]);
      const { seen } = await exchange("POST /x HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", respond(""));
      assert.equal(seen.startLine, "POST /x HTTP/1.1");
      assert.equal(seen.body, "x");
      assert.match(fieldOf(seen, "via") ?? "", /^1\.0 /);
      assert.equal(allOf(seen, "host").length, 1);
    });

    it("has no body after HEAD, 204 and 304, whatever its fields say", async () => {
      const peer = await scene.client();
      const answers = new Map([
        ["/head", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"],
        ["/head-chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        ["/head-bare", "HTTP/1.1 200 OK\r\n\r\n"],
        ["/204", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"],
        ["/304", 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: "x"\r\n\r\n'],
      ]);
      scene.upstream.answer = ({ startLine }, upstream) =>
        upstream.send(answers.get(startLine.split(" ")[1] ?? "") ?? respond("after"));
      for (const target of answers.keys()) {
        const method = target.startsWith("/head") ? "HEAD" : "GET";
        peer.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
        const response = await peer.response(method);
        if (target === "/head") assert.equal(fieldOf(response, "content-length"), "12345");
        if (target === "/304") assert.equal(fieldOf(response, "content-length"), "99");
        if (target === "/204") assert.equal(fieldOf(response, "content-length"), undefined);
        peer.send("GET /after HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.response()).body, "after", target);
      }
      peer.destroy();
    });

    it("may have interim responses before it", async () => {
      const { peer, response } = await exchange(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${respond("final")}`,
      );
      assert.equal(response.startLine, "HTTP/1.1 103 Early Hints");
      assert.deepEqual(own(response, []), ["link: </a>"]);
      assert.equal((await peer.response()).startLine, "HTTP/1.1 102 Processing");
      assert.equal((await peer.response()).body, "final");
      const old = await exchange("GET / HTTP/1.0\r\n\r\n", `HTTP/1.1 103 Early Hints\r\n\r\n${respond("final")}`);
      assert.equal(old.response.body, "final");
    });

    it("is sent after 100 (Continue) by a client that waits for it", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        const peer = await upstream.next();
        assert.match(await peer.takeThrough("\r\n\r\n"), /\r\nExpect: 100-continue\r\n/);
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        assert.equal((await client.response()).startLine, "HTTP/1.1 100 Continue");
        client.send("body");
        assert.equal(await peer.takeBytes(4), "body");
        peer.send(respond("thanks"));
        assert.equal((await client.response()).body, "thanks");
      }));

    it("to an absolute target goes there in origin form, with the target's host", async () => {
      const cases = [
        ["GET http://Other.example:8080/a?b HTTP/1.1", "GET /a?b HTTP/1.1"],
        ["GET http://Other.example:8080 HTTP/1.1", "GET / HTTP/1.1"],
        ["GET HTTP://Other.example:8080?b HTTP/1.1", "GET /?b HTTP/1.1"],
        ["OPTIONS http://Other.example:8080 HTTP/1.1", "OPTIONS * HTTP/1.1"],
        ["OPTIONS http://Other.example:8080/ HTTP/1.1", "OPTIONS / HTTP/1.1"],
      ];
      for (const [startLine, forwarded] of cases) {
        const { seen } = await exchange(`${startLine}\r\nX-A: 1\r\nHost: a\r\nX-B: 2\r\n\r\n`, respond(""));
        assert.equal(seen.startLine, forwarded);
        assert.deepEqual(allOf(seen, "host"), ["Other.example:8080"]);
        assert.equal(fieldOf(seen, "x-forwarded-host"), "Other.example:8080");
        assert.deepEqual([fieldOf(seen, "x-a"), fieldOf(seen, "x-b")], ["1", "2"]);
      }
      const { seen } = await exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", respond(""));
      assert.equal(seen.startLine, "OPTIONS * HTTP/1.1");
    });

    it("loses what is for this hop only, but nothing that says where it ends", async () => {
      const nominated = "X-Hop, content-length, transfer-encoding, host, cookie, x-forwarded-for, X-Request-Id, close";
      const { seen, response } = await exchange(
        `POST / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nX-Keep: 2\r\nConnection: ${nominated}\r\nx-hop: 3\r\nCookie: c\r\n` +
          "Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: h2c\r\nConnection:\r\n" +
          "Proxy-Authorization: x\r\nContent-Length: 2\r\n\r\nok",
        respond("ok", "Connection: x-secret, Content-Length\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\nX-Open: 2\r\n"),
      );
      assert.deepEqual(own(seen), ["host: a", "x-keep: 2", "cookie: c", "proxy-authorization: x", "content-length: 2"]);
      assert.equal(seen.body, "ok");
      assert.deepEqual(own(response, ["date"]), ["content-length: 2", "x-open: 2", "connection: close"]);
    });

    it("says for whom and by whom it was forwarded, and nothing that the client made up", async () => {
      const claims = ["Forwarded: for=1.1.1.1", "X-Forwarded-For: 1.1.1.1", "x-forwarded-proto: https"];
      claims.push("X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "X-Real-IP: 1.1.1.1", "X-Request-ID: mine");
      claims.push("Via: 1.1 front");
      const { seen } = await exchange(`GET / HTTP/1.1\r\nHost: a:81\r\n${claims.join("\r\n")}\r\n\r\n`, respond(""));
      assert.deepEqual(allOf(seen, "x-forwarded-for"), ["127.0.0.1"]);
      assert.deepEqual(allOf(seen, "x-forwarded-proto"), ["http"]);
      assert.deepEqual(allOf(seen, "x-forwarded-host"), ["a:81"]);
      assert.deepEqual(allOf(seen, "via").join(", "), "1.1 front, 1.1 ringway");
      for (const name of ["forwarded", "x-forwarded-port", "x-real-ip"]) assert.equal(fieldOf(seen, name), undefined);
      assert.match(fieldOf(seen, "x-request-id") ?? "", /^[0-9a-f]{32}$/);
      const other = await exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", respond(""));
      assert.notEqual(fieldOf(other.seen, "x-request-id"), fieldOf(seen, "x-request-id"));
    });

    it("may be the largest that is allowed, and not larger", async () => {
      const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
      const value = (length: number) => "v".repeat(length - start.length - 4);
      const { seen, response } = await exchange(
        `${start}${value(16384)}\r\n\r\n`,
        `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: ${"w".repeat(16384 - 44)}\r\n\r\nok`,
      );
      assert.equal(fieldOf(seen, "x"), value(16384));
      assert.equal(response.body, "ok");
      assert.equal(fieldOf(response, "x")?.length, 16384 - 44);
      const peer = await scene.client();
      peer.send(`${start}${value(16385)}\r\n\r\n`);
      assert.equal(statusOf(await peer.response()), 431);
      peer.destroy();
    });

    it("is the same however it is cut", async () => {
      scene.upstream.answer = (request, upstream) =>
        upstream.send(respond(request.body, `x-line: ${request.startLine}\r\n`));
      const request =
        `POST /cut HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}` +
        "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
      const clients = Array.from({ length: request.length - 1 }, async (_, index) => {
        const peer = await scene.client();
        peer.send(request.slice(0, index + 1));
        // Not in one segment.
        await new Promise((resolve) => setTimeout(resolve, 2));
        peer.send(request.slice(index + 1));
        const responses = [await peer.response(), await peer.response()];
        assert.deepEqual(
          responses.map(({ body }) => body),
          [CHUNKS, ""],
          `cut at ${index + 1}`,
        );
        assert.equal(fieldOf(responses[1] as Message, "x-line"), "GET /next HTTP/1.1");
        peer.destroy();
      });
      await Promise.all(clients);
    });

    it("is the same byte by byte, both ways", async () => {
      const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n${CHUNKS}`;
      scene.upstream.answer = async (_, upstream) => {
        for (const byte of head) {
          upstream.send(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const peer = await scene.client();
      const count = scene.upstream.requests.length;
      for (const byte of `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`) {
        peer.send(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const response = await peer.response();
      assert.equal(response.body, CHUNKS);
      assert.equal(fieldOf(response, "x-a"), "b");
      assert.equal(scene.upstream.requests[count]?.body, CHUNKS);
      peer.destroy();
    });
  });

  describe(`a client's connection to the HTTP proxy on the ${driver} driver`, () => {
    it("serves one request after the other, over one connection to the upstream", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        for (let index = 0; index < 20; index++) {
          peer.send(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`);
          assert.equal((await peer.response()).body, `/${index}`);
        }
        peer.destroy();
        const other = await scene.client();
        other.send("GET /other HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        const response = await other.response();
        assert.equal(response.body, "/other");
        assert.equal(fieldOf(response, "connection"), "close");
        await other.until(() => other.hasEnded, "the connection ended");
        assert.equal(scene.upstream.peers.length, 1);
      }));

    it("may bring many requests at once, which are answered in their order", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        const bodies = Array.from({ length: 300 }, (_, index) => "x".repeat(index % 50));
        scene.upstream.answer = (request, upstream) =>
          upstream.send(respond(`${request.startLine.split(" ")[1]} ${request.body}`));
        peer.send(
          bodies
            .map((body, index) => {
              if (index % 3 === 0) return `GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`;
              return `POST /${index} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
            })
            .join(""),
        );
        for (const [index, body] of bodies.entries()) {
          assert.equal((await peer.response()).body, `/${index} ${index % 3 === 0 ? "" : body}`);
        }
        peer.destroy();
      }));

    it("gets all its responses although it half-closes after its requests", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        peer.end("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.response()).body, "/1");
        assert.equal((await peer.response()).body, "/2");
        await peer.until(() => peer.hasEnded, "the connection ended");
        assert.equal(peer.errorCode, "");
        peer.destroy();
      }));

    it("gets its last response whole although it sends more", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const body = "b".repeat(3 << 20);
        scene.upstream.answer = (_, upstream) => upstream.send(respond(body));
        const peer = await scene.client();
        peer.socket.pause();
        peer.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n${"x".repeat(1 << 20)}`);
        await until(() => scene.upstream.requests.length === 1, "the request arrived");
        await new Promise((resolve) => setTimeout(resolve, 100));
        peer.socket.resume();
        const response = await peer.response();
        assert.equal(response.body.length, body.length);
        peer.destroy();
      }));

    it("is answered with its connection's end when it asks for that", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        const peer = await upstream.next();
        const request = await peer.request();
        assert.equal(fieldOf(request, "connection"), undefined);
        peer.send(respond("ok"));
        assert.equal(fieldOf(await client.response(), "connection"), "close");
        await client.until(() => client.hasEnded, "the connection ended");
      }));
  });

  describe(`connections to the upstream on the ${driver} driver`, () => {
    /** Two requests, one after the other; how many connections they took. */
    async function connectionsFor(first: string, options: readonly string[] = []): Promise<number> {
      let connections = 0;
      await withScene(driver, options, echoTarget, async (scene) => {
        let count = 0;
        scene.upstream.answer = (_, upstream) => {
          if (count++ > 0) upstream.send(respond("second"));
          else if (first.endsWith("\0")) upstream.end(first.slice(0, -1));
          else upstream.send(first);
        };
        const peer = await scene.client();
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await peer.response();
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.response()).body, "second");
        peer.destroy();
        connections = scene.upstream.peers.length;
      });
      return connections;
    }

    it("are used again after a response whose end is clear", async () => {
      assert.equal(await connectionsFor(respond("first")), 1);
      assert.equal(await connectionsFor("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 1);
      assert.equal(await connectionsFor("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), 1);
    });

    it("are not used again otherwise, and what they say too much is nobody's", async () => {
      assert.equal(await connectionsFor(`${respond("first")}${respond("smuggled")}`), 2);
      assert.equal(await connectionsFor(`${respond("first")}\r\n`), 2);
      assert.equal(await connectionsFor(respond("first", "Connection: close\r\n")), 2);
      assert.equal(await connectionsFor("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), 2);
      assert.equal(await connectionsFor("HTTP/1.1 200 OK\r\n\r\nfirst\0"), 2);
      assert.equal(await connectionsFor("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), 2);
      assert.equal(await connectionsFor("HTTP/1.1 304 Not Modified\r\n\r\nbody"), 2);
      assert.equal(await connectionsFor(respond("first"), ["--requests-per-connection", "1"]), 2);
    });

    it("are closed when they say something while nobody asks", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await peer.response();
        const [upstream] = scene.upstream.peers as [Peer];
        upstream.send(respond("smuggled"));
        await upstream.until(() => upstream.isOver, "the connection ended");
        peer.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.response()).body, "/second");
        peer.destroy();
      }));

    it("are closed after the idle timeout", () =>
      withScene(driver, ["--upstream-idle-timeout-ms", "50"], echoTarget, async (scene) => {
        const peer = await scene.client();
        peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await peer.response();
        const [upstream] = scene.upstream.peers as [Peer];
        await upstream.until(() => upstream.isOver, "the connection ended");
        peer.destroy();
      }));

    it("that end while a request is on its way: GET is sent once more, POST is not", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        const first = await warm(client, upstream);
        client.send("GET /again HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n");
        const before = await first.request();
        first.destroy();
        const second = await upstream.next();
        const again = await second.request();
        assert.deepEqual(again, before);
        second.send(respond("answered"));
        assert.equal((await client.response()).body, "answered");
        client.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
        await second.request();
        second.destroy();
        assert.equal(statusOf(await client.response()), 502);
        assert.equal(upstream.peers.length, 2);
      }));

    it("that end before a response while they are fresh: GET gets 502", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const first = await upstream.next();
        await first.request();
        first.end();
        assert.equal(statusOf(await client.response()), 502);
        assert.equal(upstream.peers.length, 1);
      }));

    it("that end in the middle of a head: 502, without sending the request again", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        const first = await warm(client, upstream);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await first.request();
        first.end("HTTP/1.1 200");
        assert.equal(statusOf(await client.response()), 502);
        assert.equal(upstream.peers.length, 1);
      }));
  });

  describe(`curl through the HTTP proxy on the ${driver} driver`, { skip: missing("curl") }, () => {
    it("uploads and downloads, waits for 100, and keeps its connection", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        scene.upstream.answer = async (request, upstream) => {
          upstream.send(respond(`${request.startLine.split(" ")[0]} ${request.body.length}`));
        };
        const url = `http://127.0.0.1:${scene.port}/`;
        const one = ["-sS", "-w", " %{http_code} %{num_connects}\n", url];
        const body = "x".repeat(100_000);
        const { out, error } = await run(
          "curl",
          [...one, "--next", ...one, "-X", "PUT", "-H", "Expect: 100-continue", "--expect100-timeout", "0.01"].concat([
            "--data-binary",
            "@-",
            "--next",
            ...one,
            "-I",
          ]),
          body,
        );
        assert.match(out, /^GET 0 200 1\nPUT 100000 200 0\nHTTP\/1\.1 200 OK\r\n/, error);
        assert.match(out, / 200 0\n$/);
      }));
  });
}

/** A first exchange, after which the upstream's connection waits for the next one. */
async function warm(client: Peer, upstream: { next(): Promise<Peer> }): Promise<Peer> {
  client.send("GET /warm HTTP/1.1\r\nHost: a\r\n\r\n");
  const peer = await upstream.next();
  await peer.request();
  peer.send(respond("warm"));
  assert.equal((await client.response()).body, "warm");
  return peer;
}
