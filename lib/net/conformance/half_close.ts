/**
 * One direction ends before the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET } from "../../../ffi/abi.ts";
import { ByteStream, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function halfCloseCases(define: Define): void {
  define("sends FIN after what is queued", async (scene) => {
    const { client, server } = await scene.pair();
    const sent = new ByteStream(1);
    client.connection.writeBytes(sent.take(2_000_000));
    scene.call(() => client.connection.shutdownWrite());
    await scene.until(() => server.recorder.has("end"), "the end");
    new ByteStream(1).check(server.recorder.bytes());
    assert.equal(server.recorder.byteCount, 2_000_000);
    await scene.quiet();
    // The other direction is open.
    assert.equal(client.connection.isClosed, false);
    assert.equal(server.connection.isClosed, false);
  });

  define("receives after it has sent FIN", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.quiet();
    const sent = new ByteStream(2);
    server.connection.writeBytes(sent.take(1_500_000));
    await scene.until(() => client.recorder.byteCount === 1_500_000, "bytes in the open direction");
    new ByteStream(2).check(client.recorder.bytes());
  });

  for (const first of ["client", "server"] as const) {
    const second = first === "client" ? "server" : "client";
    define(`ends without an error when the ${first} ends first`, async (scene) => {
      const pair = await scene.pair();
      pair[first].connection.writeBytes(text("question"));
      pair[first].connection.shutdownWrite();
      await scene.until(() => pair[second].recorder.has("end"), "the first end");
      pair[second].connection.writeBytes(text("answer"));
      scene.call(() => pair[second].connection.shutdownWrite());
      await scene.untilClosed(pair.client, pair.server);
      assert.equal(pair[second].recorder.text(), "question");
      assert.equal(pair[first].recorder.text(), "answer");
      assert.deepEqual(pair[first].recorder.events.slice(-3), ["data", "end", "close"]);
      assert.deepEqual(pair[second].recorder.events.slice(-3), ["data", "end", "close"]);
      assert.deepEqual([pair.client.recorder.errno, pair.server.recorder.errno], [0, 0]);
    });
  }

  define("ends without an error when both ends send FIN at once", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("a"));
    server.connection.writeBytes(text("b"));
    scene.call(() => client.connection.shutdownWrite());
    scene.call(() => server.connection.shutdownWrite());
    await scene.untilClosed(client, server);
    assert.deepEqual(client.recorder.events, ["connect", "data", "end", "close"]);
    assert.deepEqual(server.recorder.events, ["data", "end", "close"]);
    assert.deepEqual([client.recorder.errno, server.recorder.errno], [0, 0]);
  });

  define("sends one FIN however often shutdownWrite is called", async (scene) => {
    const { client, server } = await scene.pair();
    for (let i = 0; i < 3; i++) scene.call(() => client.connection.shutdownWrite());
    await scene.until(() => server.recorder.has("end"), "the end");
    scene.call(() => client.connection.shutdownWrite());
    await scene.quiet();
    assert.deepEqual(server.recorder.events, ["end"]);
    assert.deepEqual(client.recorder.events, ["connect"]);
  });

  define("sends FIN from within onConnect, onData and onEnd", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.shutdownWrite() });
    const fromConnect = scene.connect(acceptor.listener, { connect: (connection) => connection.shutdownWrite() });
    await scene.untilClosed(fromConnect);
    assert.deepEqual(fromConnect.recorder.events, ["connect", "end", "close"]);

    const { client, server } = await scene.pair({
      client: {
        data: (connection, lease) => {
          lease.release();
          connection.shutdownWrite();
        },
      },
      server: { end: (connection) => connection.shutdownWrite() },
    });
    server.connection.writeBytes(text("go"));
    await scene.untilClosed(client, server);
    assert.deepEqual([client.recorder.errno, server.recorder.errno], [0, 0]);
  });

  define("stays open after onEnd until it ends itself", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.quiet();
    assert.equal(server.connection.isClosed, false);
    for (let i = 1; i <= 5; i++) {
      server.connection.writeBytes(text("tick"));
      await scene.until(() => client.recorder.byteCount === 4 * i, "a tick");
    }
    server.connection.shutdownWrite();
    await scene.untilClosed(client, server);
  });

  define("closes after shutdownWrite", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    scene.call(() => client.connection.close());
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, 0);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
  });

  define("closes right after a write and shutdownWrite, and all of it arrives", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new ByteStream(3).take(1_000_000));
    scene.call(() => client.connection.shutdownWrite());
    scene.call(() => client.connection.close());
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.untilClosed(client);
    new ByteStream(3).check(server.recorder.bytes());
    assert.equal(server.recorder.byteCount, 1_000_000);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
    assert.equal(client.recorder.errno, 0);
  });

  define("can be reset after shutdownWrite", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    scene.call(() => client.connection.reset());
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, 0);
    server.connection.writeBytes(text("?"));
    await scene.untilClosed(server);
    assert.notEqual(server.recorder.errno, 0);
  });

  define("notices a reset after the peer's FIN without writing", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.quiet();
    client.connection.reset();
    await scene.untilClosed(server);
    assert.notEqual(server.recorder.errno, 0);
    assert.deepEqual(server.recorder.events, ["end", "close"]);
  });

  define("notices a reset after its own FIN", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    server.connection.reset();
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNRESET);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
  });
}
