/**
 * Resetting a connection, and seeing it reset.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET } from "../../../ffi/abi.ts";
import { ByteStream, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function resetCases(define: Define): void {
  define("lets the peer see ECONNRESET, and itself no error", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => client.connection.reset());
    assert.equal(client.connection.isClosed, true);
    await scene.untilClosed(client, server);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
    assert.deepEqual(server.recorder.events, ["close"]);
    assert.equal(client.recorder.errno, 0);
    assert.equal(server.recorder.errno, ECONNRESET);
  });

  define("can be reset by the accepting side", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => server.connection.reset());
    await scene.untilClosed(client, server);
    assert.equal(server.recorder.errno, 0);
    assert.equal(client.recorder.errno, ECONNRESET);
  });

  define("resets once, however often it is told to", async (scene) => {
    const { client, server } = await scene.pair();
    for (let i = 0; i < 3; i++) scene.call(() => client.connection.reset());
    scene.call(() => client.connection.close());
    scene.call(() => client.connection.shutdownWrite());
    await scene.untilClosed(client, server);
    scene.call(() => client.connection.reset());
    await scene.quiet();
    assert.equal(client.recorder.closes.length, 1);
    assert.equal(server.recorder.errno, ECONNRESET);
  });

  define("drops what is queued", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(40_000_000));
    await scene.quiet();
    scene.call(() => client.connection.reset());
    await scene.untilClosed(client, server);
    assert.equal(client.connection.queuedBytes, 0);
    assert.equal(server.recorder.byteCount, 0);
    assert.equal(server.recorder.errno, ECONNRESET);
  });

  define("does not send what was written in the same breath", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => {
      client.connection.writeBytes(text("never mind"));
      client.connection.reset();
    });
    await scene.untilClosed(client, server);
    assert.deepEqual(server.recorder.events, ["close"]);
  });

  define("delivers no more than was sent before the reset, and in order", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new ByteStream(1).take(700_000));
    await scene.until(() => server.recorder.byteCount > 100_000, "some bytes");
    client.connection.reset();
    await scene.untilClosed(client, server);
    assert.ok(server.recorder.byteCount <= 700_000);
    new ByteStream(1).check(server.recorder.bytes());
    assert.equal(server.recorder.has("end"), false);
  });

  define("stops both directions while both are busy", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new Uint8Array(30_000_000));
    server.connection.writeBytes(new Uint8Array(30_000_000));
    await scene.until(() => client.recorder.byteCount > 0 && server.recorder.byteCount > 0, "bytes both ways");
    scene.call(() => client.connection.reset());
    await scene.untilClosed(client, server);
    assert.equal(client.recorder.errno, 0);
    assert.notEqual(server.recorder.errno, 0);
    assert.equal(server.recorder.has("end"), false);
  });

  for (const event of ["connect", "data", "end", "drain"] as const) {
    define(`can be reset from within ${event}`, async (scene) => {
      const acceptor = await scene.listen();
      const client = scene.connect(acceptor.listener, {
        [event]: (connection: { reset(): void }, lease?: { release(): void }) => {
          if (event === "data") lease?.release();
          scene.call(() => connection.reset());
        },
      });
      await scene.until(() => acceptor.accepted.length === 1, "the connection");
      const server = acceptor.accepted[0] as (typeof acceptor.accepted)[0];
      if (event === "data") server.connection.writeBytes(new Uint8Array(200_000));
      if (event === "end") server.connection.shutdownWrite();
      if (event === "drain") client.connection.writeBytes(new Uint8Array(1_000_000));
      await scene.untilClosed(client, server);
      assert.equal(client.recorder.events.at(-2), event);
      assert.equal(client.recorder.errno, 0);
      assert.equal(server.recorder.errno, ECONNRESET);
    });
  }

  define("is harmless to whoever writes to it before hearing of it", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.reset();
    for (let i = 0; i < 50 && !server.connection.isClosed; i++) {
      scene.call(() => server.connection.writeBytes(new Uint8Array(10_000)));
    }
    await scene.untilClosed(client, server);
    assert.notEqual(server.recorder.errno, 0);
    assert.equal(server.recorder.closes.length, 1);
  });

  define("ends a unix socket's connection", async (scene) => {
    const { client, server } = await scene.pair({ address: "abstract" });
    server.recorder.reactions = { end: (connection) => connection.close() };
    scene.call(() => client.connection.reset());
    await scene.untilClosed(client, server);
    assert.equal(client.recorder.errno, 0);
  });

  define("resets hundreds of connections at once", async (scene) => {
    const acceptor = await scene.listen();
    const clients = Array.from({ length: 200 }, () => scene.connect(acceptor.listener));
    await scene.until(
      () => acceptor.accepted.length === 200 && clients.every((client) => client.recorder.has("connect")),
      "200 connections",
    );
    for (const client of clients) client.connection.writeBytes(new Uint8Array(1000));
    scene.call(() => {
      for (const server of acceptor.accepted) server.connection.reset();
    });
    await scene.untilClosed(...clients, ...acceptor.accepted);
    assert.ok(acceptor.accepted.every(({ recorder }) => recorder.errno === 0));
    assert.ok(clients.every(({ recorder }) => recorder.errno !== 0));
  });
}
