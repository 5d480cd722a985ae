/**
 * WebSockets, and whatever else a connection may become, through the HTTP proxy, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { describe, it } from "node:test";
import {
  allOf,
  bytesOf,
  client as connectTo,
  fieldOf,
  type Message,
  type Peer,
  respond,
  statusOf,
} from "./support/http_peers.ts";
import { withRawUpstream, withScene } from "./support/http_scene.ts";

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: x-echo/1\r\n\r\n";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x-echo/1\r\n\r\n";

/** The upstream's side of a WebSocket: agrees, and sends each message back (RFC 6455). */
async function serveWebSocket(request: Message, peer: Peer): Promise<void> {
  const key = fieldOf(request, "sec-websocket-key") ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  peer.send(
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n${frame(0x81, "welcome")}`,
  );
  while (true) {
    const [first = 0, second = 0] = bytesOf(await peer.takeBytes(2));
    const length = await frameLength(second & 127, peer);
    const mask = bytesOf(await peer.takeBytes(4));
    const masked = bytesOf(await peer.takeBytes(length));
    const data = String.fromCharCode(...masked.map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
    peer.send(frame(first, data));
    // A close is answered with a close; then the server ends the connection.
    if ((first & 15) === 8) break;
  }
  peer.end();
}

async function frameLength(short: number, peer: Peer): Promise<number> {
  if (short < 126) return short;
  const bytes = bytesOf(await peer.takeBytes(short === 126 ? 2 : 8));
  return bytes.reduce((length, byte) => length * 256 + byte, 0);
}

function frame(first: number, data: string): string {
  const { length } = data;
  const extended = [length >> 24, length >> 16, length >> 8, length].map((byte) => byte & 255);
  const lengthBytes =
    length < 126 ? [length] : length < 65536 ? [126, ...extended.slice(2)] : [127, 0, 0, 0, 0, ...extended];
  return String.fromCharCode(first, ...lengthBytes) + data;
}

async function nextMessage(socket: WebSocket): Promise<string> {
  const [event] = (await once(socket, "message")) as [MessageEvent<string>];
  return event.data;
}

for (const driver of ["uring", "default"]) {
  describe(`a WebSocket on the ${driver} driver`, () => {
    it("opens, carries messages of all sizes both ways, and closes in order", () =>
      withScene(driver, [], serveWebSocket, async (scene) => {
        const socket = new WebSocket(`ws://127.0.0.1:${scene.port}/chat`);
        assert.equal(await nextMessage(socket), "welcome");
        for (const size of [0, 1, 125, 126, 65535, 65536]) {
          const text = "w".repeat(size);
          const echo = nextMessage(socket);
          socket.send(text);
          assert.ok((await echo) === text, `${size} characters`);
        }
        const closed = once(socket, "close") as Promise<[CloseEvent]>;
        socket.close(4001, "done");
        const [{ code, reason, wasClean }] = await closed;
        assert.deepEqual([code, reason, wasClean], [4001, "done", true]);
        const [request] = scene.upstream.requests;
        assert.ok(request !== undefined);
        assert.equal(fieldOf(request, "connection")?.toLowerCase(), "upgrade");
        assert.equal(fieldOf(request, "upgrade"), "websocket");
        assert.equal(fieldOf(request, "sec-websocket-version"), "13");
      }));
  });

  describe(`a connection that changes its protocol on the ${driver} driver`, () => {
    it("carries what was sent before and right after the agreement, in order", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send(`${UPGRADE}early`);
        const peer = await upstream.next();
        const request = await peer.request();
        assert.equal(fieldOf(request, "upgrade"), "x-echo/1");
        peer.send(`${SWITCHING}hello`);
        const response = await client.response();
        assert.equal(statusOf(response), 101);
        assert.equal(fieldOf(response, "connection"), "upgrade");
        assert.equal(fieldOf(response, "upgrade"), "x-echo/1");
        assert.equal(await client.takeBytes(5), "hello");
        assert.equal(await peer.takeBytes(5), "early");
        // What looks like a request is none any more.
        client.send("GET / HTTP/1.1\r\n\r\n");
        assert.equal(await peer.takeBytes(18), "GET / HTTP/1.1\r\n\r\n");
        peer.send("HTTP/1.1 nonsense\r\n\r\n");
        assert.equal(await client.takeBytes(21), "HTTP/1.1 nonsense\r\n\r\n");
      }));

    it("passes each side's half-close on, and still brings what the other one sends", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send(UPGRADE);
        const peer = await upstream.next();
        await peer.request();
        peer.send(SWITCHING);
        await client.response();
        client.end("last words");
        assert.equal(await peer.takeRest(), "last words");
        peer.send("after that");
        assert.equal(await client.takeBytes(10), "after that");
        peer.end("and the end");
        assert.equal(await client.takeRest(), "and the end");
        assert.equal(client.errorCode, "");
      }));

    it("passes a reset on, from either side", () =>
      withRawUpstream(driver, [], async ({ client: first, upstream, port }) => {
        for (const isClient of [true, false]) {
          const one = isClient ? first : await connectTo(port);
          one.send(UPGRADE);
          const peer = await upstream.next();
          await peer.request();
          peer.send(SWITCHING);
          await one.response();
          const [breaking, other] = isClient ? [one, peer] : [peer, one];
          breaking.socket.resetAndDestroy();
          await other.until(() => other.isClosed || other.hasEnded, "the other side saw it");
          assert.equal(other.errorCode, "ECONNRESET");
        }
      }));

    it("is closed when nothing moves for too long, and not while something does", () =>
      withRawUpstream(driver, ["--stream-idle-timeout-ms", "300"], async ({ client, upstream }) => {
        client.send(UPGRADE);
        const peer = await upstream.next();
        await peer.request();
        peer.send(SWITCHING);
        await client.response();
        for (let round = 0; round < 20; round++) {
          peer.send("x");
          assert.equal(await client.takeBytes(1), "x");
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        await client.until(() => client.isOver, "it was closed");
        await peer.until(() => peer.isOver, "it was closed for the upstream");
      }));

    it("does not when the upstream does not want to, and serves the next request", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        client.send(UPGRADE);
        const peer = await upstream.next();
        await peer.request();
        peer.send(respond("no", "", "426 Upgrade Required"));
        assert.equal(statusOf(await client.response()), 426);
        client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        assert.equal((await peer.request()).startLine, "GET /next HTTP/1.1");
        peer.send(respond("next"));
        assert.equal((await client.response()).body, "next");
      }));

    it("does not where HTTP would go on, past routes and filters: such a request is served without an upgrade", () =>
      withRawUpstream(driver, [], async ({ client, upstream }) => {
        const peers: Peer[] = [];
        for (const protocols of ["h2c", "H2C , websocket", "TLS/1.2, HTTP/1.1"]) {
          client.send(
            `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocols}\r\n` +
              "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
          );
          const [peer = await upstream.next()] = peers;
          peers[0] = peer;
          const request = await peer.request();
          for (const name of ["connection", "upgrade", "http2-settings"]) {
            assert.deepEqual(allOf(request, name), [], `${name} for ${protocols}`);
          }
          peer.send(respond(protocols));
          const response = await client.response();
          assert.equal(statusOf(response), 200);
          assert.equal(response.body, protocols);
        }
        // An endpoint that changes the protocol nevertheless is at fault.
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        const [peer = await upstream.next()] = peers;
        await peer.request();
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        assert.equal(statusOf(await client.response()), 502);
      }));
  });
}
