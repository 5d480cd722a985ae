/**
 * The HTTP proxy between clients and upstreams that fail, stop, or give up, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type RunningCommand, until, unusedPort } from "./support/command.ts";
import { startFullBacklog } from "./support/full_backlog.ts";
import { allOf, client, fieldOf, type Peer, respond, ScriptedUpstream, statusOf } from "./support/http_peers.ts";
import { echoTarget, startProxy, withRawUpstream, withScene } from "./support/http_scene.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const MEBIBYTE = 1 << 20;
/** More than the kernels hold for three sockets on the way. */
const MUCH = 96 * MEBIBYTE;

/** Responses that no parser should accept. */
const GARBAGE: readonly string[] = [
  "\x16\x03\x01\x02",
  "hello\r\n\r\n",
  "HTTP/1.1 abc OK\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
  "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
  "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
  `HTTP/1.1 200 OK\r\nX: ${"a".repeat(20_000)}\r\n\r\n`,
  "HTTP/1.1 100 Continue\r\n\r\n".repeat(100),
];

/** The memory that the process has of its own, in bytes. */
function residentBytes(command: RunningCommand): number {
  const status = readFileSync(`/proc/${command.child.pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

/** Resolves when a number stays what it is. */
async function settled(number: () => number, what: string): Promise<number> {
  let last = -1;
  let same = 0;
  await until(() => {
    const now = number();
    same = now === last ? same + 1 : 0;
    last = now;
    return same > 40;
  }, `${what} stays the same`);
  return last;
}

/** Write pieces as long as they are taken. */
function pump(peer: Peer, piece: Uint8Array, totalBytes: number): void {
  let left = totalBytes;
  const more = () => {
    while (left > 0 && !peer.isClosed) {
      left -= piece.length;
      if (!peer.socket.write(piece)) return;
    }
  };
  peer.socket.on("drain", more);
  more();
}

/** What the kernel has taken of what was written. */
function takenBytes(peer: Peer): number {
  return peer.socket.bytesWritten - peer.socket.writableLength;
}

for (const driver of ["uring", "default"]) {
  describe(`an upstream that cannot be reached, on the ${driver} driver`, () => {
    it("is passed over, and no client notices", async () => {
      const alive = await ScriptedUpstream.start(echoTarget);
      const command = startProxy(driver, [await unusedPort(), alive.port]);
      try {
        const port = await command.port();
        for (let index = 0; index < 4; index++) {
          const peer = await client(port);
          peer.send(`POST /${index} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`);
          assert.equal((await peer.response()).body, `/${index}`);
          assert.equal(alive.requests[index]?.body, "hello");
          peer.destroy();
        }
      } finally {
        await command.stop();
        await alive.close();
      }
    });

    it("gives 502 as text, or as JSON to who asks for it, and leaves the connection", async () => {
      const command = startProxy(driver, [await unusedPort()]);
      try {
        const peer = await client(await command.port());
        peer.send(GET);
        const text = await peer.response();
        assert.equal(text.startLine, "HTTP/1.1 502 Bad Gateway");
        assert.match(fieldOf(text, "content-type") ?? "", /^text\/plain/);
        assert.match(text.body, /^502 The upstream server could not be reached \(request [0-9a-f]{32}\)\n$/);
        assert.doesNotMatch(JSON.stringify(text), /127\.0\.0\.1/);
        peer.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html, Application/JSON;q=0.9\r\n\r\n");
        const json = await peer.response();
        assert.equal(fieldOf(json, "content-type"), "application/json");
        assert.equal(JSON.parse(json.body).status, 502);
        assert.equal(JSON.parse(json.body).reason, "UF");
        assert.match(JSON.parse(json.body).request_id, /^[0-9a-f]{32}$/);
        assert.equal(JSON.parse(json.body).request_id, fieldOf(json, "x-request-id"));
        peer.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal(statusOf(await peer.response("HEAD")), 502);
        peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 150000\r\n\r\n");
        peer.send("x".repeat(50_000));
        assert.equal(statusOf(await peer.response()), 502);
        peer.send("x".repeat(100_000));
        peer.send(GET);
        assert.equal(statusOf(await peer.response()), 502);
        peer.destroy();
      } finally {
        await command.stop();
      }
    });

    it("gives 502 after the connect timeout", async () => {
      const hanging = await startFullBacklog();
      const command = startProxy(driver, [hanging.port], ["--connect-timeout-ms", "100"]);
      try {
        const peer = await client(await command.port());
        peer.send(GET);
        assert.equal(statusOf(await peer.response()), 502);
        peer.destroy();
      } finally {
        await command.stop();
        hanging.close();
      }
    });
  });

  describe(`an upstream on the ${driver} driver`, () => {
    it("that hangs gives 504, and its late response is nobody's", () =>
      withRawUpstream(driver, ["--response-timeout-ms", "100"], async ({ client, upstream }) => {
        client.send(GET);
        const first = await upstream.next();
        await first.request();
        assert.equal(statusOf(await client.response()), 504);
        first.send(respond("late"));
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        const second = await upstream.next();
        await second.request();
        second.send(respond("right"));
        assert.equal((await client.response()).body, "right");
        await first.until(() => first.isOver, "the hanging connection was closed");
      }));

    it("that answers garbage gives 502, and nothing of it reaches the client", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        for (const garbage of GARBAGE) {
          scene.upstream.answer = (_, upstream) => upstream.send(garbage);
          peer.send(GET);
          let response = await peer.response();
          while (statusOf(response) === 100) response = await peer.response();
          assert.equal(statusOf(response), 502, JSON.stringify(garbage.slice(0, 99)));
          assert.doesNotMatch(JSON.stringify(response), /hello|Set-Cookie|set-cookie/);
          scene.upstream.answer = echoTarget;
          peer.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\n");
          assert.equal((await peer.response()).body, "/good");
        }
        peer.destroy();
      }));

    it("that cuts its response short makes the client see that", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const cuts = [
          ["HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"],
          ["HTTP/1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
          ["HTTP/1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n"],
          ["HTTP/1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloooo"],
          ["HTTP/1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"],
          ["HTTP/1.0", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"],
          ["HTTP/1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
          ["HTTP/1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"],
        ];
        for (const [version, answer] of cuts) {
          scene.upstream.answer = (_, upstream) => upstream.end(answer);
          const peer = await scene.client();
          peer.send(`GET / ${version}\r\nHost: a\r\n\r\n`);
          // The bytes that came may or may not arrive; the end must not look like a good one.
          const whole = await peer.takeRest();
          const [, head = ""] = /^(.*?)\r\n\r\n/s.exec(whole) ?? [];
          const isFramed = /content-length: 10|transfer-encoding/i.test(head);
          if (isFramed) assert.doesNotMatch(whole, /\r\n0\r\n\r\n$/);
          else assert.equal(peer.errorCode, "ECONNRESET", `${version} ${answer}`);
          peer.destroy();
        }
        scene.upstream.answer = (_, upstream) => {
          upstream.socket.write("HTTP/1.1 200 OK\r\n\r\nhello", () => upstream.socket.resetAndDestroy());
        };
        const peer = await scene.client();
        peer.send(GET);
        assert.doesNotMatch(await peer.takeRest(), /\r\n0\r\n\r\n$/);
        peer.destroy();
      }));

    it("may answer before the request ends, and the connection goes on after it", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf");
        const first = await upstream.next();
        await first.takeThrough("half");
        first.send(respond("early", "", "413 Content Too Large"));
        assert.equal((await client.response()).body, "early");
        client.send("x".repeat(996));
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        const second = await upstream.next();
        assert.equal((await second.request()).startLine, "GET /next HTTP/1.1");
        second.send(respond("next"));
        assert.equal((await client.response()).body, "next");
        await first.until(() => first.isOver, "the connection with half a request was closed");
      }));

    it("may stream its response while the request goes on", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        const peer = await upstream.next();
        await peer.takeThrough("\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.takeThrough("\r\n\r\n");
        for (let round = 0; round < 20; round++) {
          const chunk = `3\r\n${100 + round}\r\n`;
          client.send(chunk);
          assert.equal(await peer.takeBytes(chunk.length), chunk);
          peer.send(chunk);
          assert.equal(await client.takeBytes(chunk.length), chunk);
        }
        peer.send("0\r\n\r\n");
        client.send("0\r\n\r\n");
        assert.equal(await client.takeBytes(5), "0\r\n\r\n");
      }));

    it("that refuses an upload and resets the connection is heard", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MUCH}\r\n\r\n`);
        const peer = await upstream.next();
        await peer.takeThrough("\r\n\r\n");
        peer.socket.pause();
        pump(client, new Uint8Array(65536), MUCH);
        await settled(() => takenBytes(client), "what the client has sent");
        // What is unread makes a reset of the close.
        const refusal = respond("too much", "Connection: close\r\n", "413 Content Too Large");
        peer.socket.write(refusal, () => peer.destroy());
        assert.equal(statusOf(await client.response()), 413);
      }));
  });

  describe(`a client on the ${driver} driver`, () => {
    it("that drips its head gets 408, and one that stops in its body, too", () =>
      withScene(driver, ["--head-timeout-ms", "150", "--stream-idle-timeout-ms", "150"], echoTarget, async (scene) => {
        const peer = await scene.client();
        peer.send("GET / HTTP/1.1\r\nX: ");
        while (peer.text === "" && !peer.isOver) {
          peer.send("x");
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        const response = await peer.response();
        assert.equal(statusOf(response), 408);
        assert.equal(fieldOf(response, "connection"), "close");
        const stopped = await scene.client();
        stopped.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
        assert.equal(statusOf(await stopped.response()), 408);
        await scene.upstream.peers[0]?.until(() => scene.upstream.peers[0]?.isOver ?? false, "the upstream sees it");
        assert.equal(scene.upstream.requests.filter(({ isComplete }) => isComplete).length, 0);
      }));

    it("without a request is closed after the keep-alive timeout, without a word", () =>
      withScene(driver, ["--keep-alive-timeout-ms", "100"], echoTarget, async (scene) => {
        const silent = await scene.client();
        assert.equal(await silent.takeRest(), "");
        const peer = await scene.client();
        peer.send(GET);
        await peer.response();
        assert.equal(await peer.takeRest(), "");
      }));

    it("that gives up a download, an upload, or waiting is given up by the upstream's connection at once", () =>
      withRawUpstream(driver, [], async ({ port, upstream }) => {
        for (const gone of ["download", "upload", "wait"]) {
          for (const way of ["reset", "destroy"]) {
            const peer = await client(port);
            const isUpload = gone === "upload";
            peer.send(isUpload ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf" : GET);
            const one = await upstream.next();
            await one.takeThrough(isUpload ? "half" : "\r\n\r\n");
            if (gone === "download") {
              one.send(`HTTP/1.1 200 OK\r\nContent-Length: ${MUCH}\r\n\r\n`);
              await peer.takeThrough("\r\n\r\n");
              peer.socket.pause();
              pump(one, new Uint8Array(65536), MUCH);
              await settled(() => takenBytes(one), "what the upstream has sent");
            }
            if (way === "reset") peer.socket.resetAndDestroy();
            else peer.destroy();
            // A client that only sends FIN while it waits may be one that wants its response.
            if (gone === "wait" && way === "destroy") one.destroy();
            else await one.until(() => one.isOver, `the upstream saw the end after ${gone}, ${way}`);
          }
        }
      }));

    it("that does not read holds the upstream back, in little memory, and gets everything later", () =>
      withRawUpstream(driver, [], async ({ client, upstream, command }) => {
        client.socket.pause();
        client.send(GET);
        const peer = await upstream.next();
        await peer.request();
        const before = residentBytes(command);
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${MUCH}\r\n\r\n`);
        pump(peer, new Uint8Array(65536).fill(0x78), MUCH);
        const taken = await settled(() => takenBytes(peer), "what the upstream has sent");
        assert.ok(taken < MUCH / 2, `${taken} bytes of ${MUCH} were taken`);
        const grown = residentBytes(command) - before;
        assert.ok(grown < 16 * MEBIBYTE, `the process has grown by ${grown}`);
        client.socket.resume();
        const head = await client.takeThrough("\r\n\r\n");
        client.socket.on("data", () => {
          client.text = "";
        });
        await client.until(() => client.receivedBytes >= head.length + MUCH || client.isOver, "all arrived");
        assert.equal(client.receivedBytes, head.length + MUCH);
      }));

    it("that uploads to an upstream that does not read is held back, in little memory", () =>
      withRawUpstream(driver, [], async ({ client, upstream, command }) => {
        client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MUCH}\r\n\r\n`);
        const peer = await upstream.next();
        await peer.takeThrough("\r\n\r\n");
        peer.socket.pause();
        const before = residentBytes(command);
        pump(client, new Uint8Array(65536), MUCH);
        const taken = await settled(() => takenBytes(client), "what the client has sent");
        assert.ok(taken < MUCH / 2, `${taken} bytes of ${MUCH} were taken`);
        const grown = residentBytes(command) - before;
        assert.ok(grown < 16 * MEBIBYTE, `the process has grown by ${grown}`);
      }));

    it("that asks for much at once and does not read is held back, in little memory", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const body = "x".repeat(60_000);
        scene.upstream.answer = (_, upstream) => upstream.send(respond(body));
        const peer = await scene.client();
        peer.send(GET);
        await peer.response();
        peer.socket.pause();
        const before = residentBytes(scene.command);
        const count = 3000;
        peer.send(GET.repeat(count));
        const requests = await settled(() => scene.upstream.requests.length, "the number of forwarded requests");
        assert.ok(requests < count / 2, `${requests} requests of ${count} were forwarded`);
        const grown = residentBytes(scene.command) - before;
        assert.ok(grown < 32 * MEBIBYTE, `the process has grown by ${grown}`);
        peer.socket.resume();
        for (let index = 0; index < 400; index++) assert.equal((await peer.response()).body.length, body.length);
        peer.destroy();
      }));

    it("that earns many refusals at once and does not read is held back, in little memory", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        const peer = await scene.client();
        const trace = "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n";
        peer.send(trace);
        assert.equal(statusOf(await peer.response()), 405);
        peer.socket.pause();
        const before = residentBytes(scene.command);
        pump(peer, new TextEncoder().encode(trace.repeat(2000)), MUCH);
        const taken = await settled(() => takenBytes(peer), "what the client has sent");
        assert.ok(taken < MUCH / 2, `${taken} bytes of ${MUCH} were taken`);
        const grown = residentBytes(scene.command) - before;
        // Each of them leaves some garbage behind.
        assert.ok(grown < 96 * MEBIBYTE, `the process has grown by ${grown}`);
        peer.destroy();
      }));

    it("gets 405 for CONNECT and TRACE, and the upstream sees nothing", () =>
      withScene(driver, [], echoTarget, async (scene) => {
        for (const request of ["CONNECT a:443 HTTP/1.1\r\nHost: a:443", "TRACE / HTTP/1.1\r\nHost: a"]) {
          const peer = await scene.client();
          peer.send(`${request}\r\n\r\n`);
          const response = await peer.response();
          assert.equal(statusOf(response), 405);
          assert.match(fieldOf(response, "allow") ?? "", /GET/);
          peer.destroy();
        }
        assert.equal(scene.upstream.requests.length, 0);
      }));
  });

  describe(`too many requests on the ${driver} driver`, () => {
    it("wait for a connection, and beyond that get 503", () =>
      withRawUpstream(
        driver,
        ["--upstream-connections", "1", "--pending-requests", "1"],
        async ({ client: first, upstream, port }) => {
          first.send(GET);
          const peer = await upstream.next();
          await peer.request();
          const second = await client(port);
          second.send("POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
          const third = await client(port);
          // Which of the two comes first is the kernel's choice, so let the third one come until it gets an answer.
          third.send(GET);
          await third.until(() => third.text !== "" || second.text !== "", "one is refused");
          const [refused, waiting] = third.text !== "" ? [third, second] : [second, third];
          const response = await refused.response();
          assert.equal(statusOf(response), 503);
          assert.equal(fieldOf(response, "retry-after"), "1");
          peer.send(respond("first"));
          assert.equal((await first.response()).body, "first");
          await peer.request();
          peer.send(respond("waited"));
          assert.equal((await waiting.response()).body, "waited");
          assert.equal(upstream.peers.length, 1);
          second.destroy();
          third.destroy();
        },
      ));

    it("that wait too long get 503", () =>
      withRawUpstream(
        driver,
        ["--upstream-connections", "1", "--pending-timeout-ms", "100"],
        async ({ client: first, upstream, port }) => {
          first.send(GET);
          const peer = await upstream.next();
          await peer.request();
          const second = await client(port);
          second.send(GET);
          assert.equal(statusOf(await second.response()), 503);
          peer.send(respond("first"));
          assert.equal((await first.response()).body, "first");
          second.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
          assert.equal((await peer.request()).startLine, "GET /second HTTP/1.1");
          peer.send(respond("second"));
          assert.equal((await second.response()).body, "second");
          second.destroy();
        },
      ));
  });

  describe(`stopping on the ${driver} driver`, () => {
    it("lets responses finish, closes connections without a request, and exits with 0", () =>
      withRawUpstream(driver, [], async ({ client: busy, upstream, command, port }) => {
        const idle = await client(port);
        idle.send("GET /idle HTTP/1.1\r\nHost: a\r\n\r\n");
        const one = await upstream.next();
        await one.request();
        one.send(respond("idle"));
        await idle.response();
        busy.send(GET);
        await one.request();
        const late = await client(port);
        late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
        const two = await upstream.next();
        await two.request();
        two.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
        await late.takeThrough("ha");
        command.signal("SIGTERM");
        await command.until((_, error) => /waiting for \d connections/.test(error), "it drains");
        await idle.until(() => idle.isOver, "the connection without a request was closed");
        idle.end();
        one.send(respond("done"));
        const response = await busy.response();
        assert.equal(response.body, "done");
        assert.equal(fieldOf(response, "connection"), "close");
        two.send("lf");
        assert.equal(await late.takeRest(), "lf");
        busy.end();
        late.end();
        const { code, error } = await command.finished;
        assert.equal(code, 0, error);
      }));
  });

  describe(`trusted proxies in front, on the ${driver} driver`, () => {
    it("are believed, and added to", () =>
      withScene(driver, ["--trusted-hops", "1"], echoTarget, async (scene) => {
        const peer = await scene.client();
        const claims = ["Forwarded: for=1.1.1.1", "X-Forwarded-For: 1.1.1.1, 2.2.2.2", "X-Forwarded-Proto: https"];
        claims.push("X-Forwarded-Host: front", "X-Forwarded-Port: 443", "X-Real-IP: 1.1.1.1", "X-Request-ID: theirs");
        claims.push("X-Forwarded-For: 3.3.3.3");
        peer.send(`GET / HTTP/1.1\r\nHost: a\r\n${claims.join("\r\n")}\r\n\r\n${GET}`);
        await peer.response();
        await peer.response();
        const [seen, bare] = scene.upstream.requests;
        assert.ok(seen !== undefined && bare !== undefined);
        assert.deepEqual(allOf(seen, "x-forwarded-for"), ["1.1.1.1, 2.2.2.2, 3.3.3.3, 127.0.0.1"]);
        assert.deepEqual(allOf(seen, "x-forwarded-proto"), ["https"]);
        assert.deepEqual(allOf(seen, "x-forwarded-host"), ["front"]);
        assert.deepEqual(allOf(seen, "x-request-id"), ["theirs"]);
        assert.deepEqual(allOf(seen, "x-real-ip"), ["1.1.1.1"]);
        assert.deepEqual(allOf(seen, "forwarded"), ["for=1.1.1.1"]);
        assert.deepEqual(allOf(bare, "x-forwarded-for"), ["127.0.0.1"]);
        assert.deepEqual(allOf(bare, "x-forwarded-proto"), ["http"]);
        assert.match(fieldOf(bare, "x-request-id") ?? "", /^[0-9a-f]{32}$/);
        peer.destroy();
      }));

    it("may be on IPv6, whose addresses have no brackets in X-Forwarded-For", async () => {
      const upstream = await ScriptedUpstream.start(echoTarget);
      const command = startProxy(driver, [upstream.port], [], "[::1]:0");
      try {
        const peer = await client(await command.port(), "::1");
        peer.send(GET);
        await peer.response();
        assert.equal(fieldOf(upstream.requests[0] ?? assert.fail(), "x-forwarded-for"), "::1");
        peer.destroy();
      } finally {
        await command.stop();
        await upstream.close();
      }
    });
  });
}
