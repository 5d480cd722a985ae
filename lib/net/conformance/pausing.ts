/**
 * Pausing and resuming: nothing is delivered meanwhile, nothing is lost, and the peer's end is noticed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET } from "../../../ffi/abi.ts";
import { ByteStream, Random, text } from "./bytes.ts";
import { INDIFFERENT } from "./scene.ts";
import type { Define } from "./suite.ts";

export function pausingCases(define: Define): void {
  define("delivers nothing while paused, and everything after resumeReading", async (scene) => {
    const { client, server } = await scene.pair();
    assert.equal(server.connection.isReadingPaused, false);
    scene.call(() => server.connection.pauseReading());
    assert.equal(server.connection.isReadingPaused, true);
    client.connection.writeBytes(text("held back"));
    await scene.quiet();
    assert.deepEqual(server.recorder.events, []);
    scene.call(() => server.connection.resumeReading());
    assert.equal(server.connection.isReadingPaused, false);
    await scene.until(() => server.recorder.byteCount === 9, "the bytes");
    assert.equal(server.recorder.text(), "held back");
  });

  define("delivers held bytes before later ones", async (scene) => {
    const { client, server } = await scene.pair();
    const sent = new ByteStream(1);
    server.recorder.reactions = {
      data: (connection, lease) => {
        server.recorder.chunks.push(lease.bytes().slice());
        lease.release();
        connection.pauseReading();
      },
    };
    client.connection.writeBytes(sent.take(200_000));
    await scene.until(() => server.recorder.byteCount > 0, "the first bytes");
    await scene.quiet();
    client.connection.writeBytes(sent.take(100_000));
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => {
      if (server.connection.isReadingPaused) server.connection.resumeReading();
      return server.recorder.byteCount === 300_000;
    }, "all bytes");
    new ByteStream(1).check(server.recorder.bytes());
  });

  define("stops within a burst of data as soon as the handler pauses", async (scene) => {
    let deliveries = 0;
    const { client, server } = await scene.pair({
      server: {
        data: (connection, lease) => {
          deliveries++;
          lease.release();
          connection.pauseReading();
        },
      },
    });
    client.connection.writeBytes(new Uint8Array(600_000));
    await scene.until(() => deliveries === 1, "the first bytes");
    await scene.quiet();
    assert.equal(deliveries, 1);
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => deliveries === 2, "the next bytes");
    await scene.quiet();
    assert.equal(deliveries, 2);
  });

  define("goes on when paused and resumed within one event", async (scene) => {
    const incoming = new ByteStream(2);
    const { client, server } = await scene.pair({
      server: {
        data: (connection, lease) => {
          connection.pauseReading();
          incoming.check(lease.bytes());
          lease.release();
          connection.resumeReading();
        },
      },
    });
    client.connection.writeBytes(new ByteStream(2).take(1_000_000));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.equal(incoming.position, 1_000_000);
  });

  define("keeps the stream whole through random pauses", async (scene) => {
    const random = new Random(7);
    const outgoing = new ByteStream(3);
    const incoming = new ByteStream(3);
    const { client, server } = await scene.pair({
      server: {
        data: (connection, lease) => {
          incoming.check(lease.bytes());
          lease.release();
          if (random.chance(0.3)) connection.pauseReading();
          if (random.chance(0.2)) connection.resumeReading();
        },
      },
    });
    for (let i = 0; i < 100; i++) {
      client.connection.writeBytes(outgoing.take(random.size(1, 60_000)));
      const before = incoming.position;
      await scene.until(() => incoming.position > before || server.connection.isReadingPaused, "some bytes");
      if (random.chance(0.7)) server.connection.resumeReading();
    }
    client.connection.shutdownWrite();
    await scene.until(() => {
      server.connection.resumeReading();
      return server.recorder.has("end");
    }, "the end");
    assert.equal(incoming.position, outgoing.position);
  });

  define("allows pausing twice and resuming twice", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => server.connection.resumeReading());
    scene.call(() => server.connection.pauseReading());
    scene.call(() => server.connection.pauseReading());
    client.connection.writeBytes(text("once"));
    await scene.quiet();
    scene.call(() => server.connection.resumeReading());
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => server.recorder.byteCount === 4, "the bytes");
    await scene.quiet();
    assert.equal(server.recorder.text(), "once");
  });

  define("can be paused from the start on both ends", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener, { connect: (connection) => connection.writeBytes(text("hello")) });
    scene.call(() => client.connection.pauseReading());
    await scene.until(() => acceptor.accepted[0]?.recorder.byteCount === 5, "the greeting");
    const server = acceptor.accepted[0];
    server?.connection.pauseReading();
    server?.connection.writeBytes(text("welcome"));
    await scene.quiet();
    assert.deepEqual(client.recorder.events, ["connect"]);
    scene.call(() => client.connection.resumeReading());
    await scene.until(() => client.recorder.byteCount === 7, "the answer");
  });

  define("can be paused in onAccept before anything is read", async (scene) => {
    const held = scene.recorder();
    const { listener } = await scene.listen();
    await scene.closeListener(listener);
    let accepted: ReturnType<typeof scene.track> | null = null;
    const again = await scene.driver.listen(scene.harness.listenAddress(), {
      onAccept: (connection) => {
        connection.pauseReading();
        accepted = scene.track(connection, held);
        return held;
      },
    });
    const client = scene.connect(again);
    client.connection.writeBytes(text("hello"));
    await scene.until(() => accepted !== null && client.connection.queuedBytes === 0, "the bytes to be sent");
    await scene.quiet();
    assert.deepEqual(held.events, []);
    scene.call(() => (accepted as ReturnType<typeof scene.track> | null)?.connection.resumeReading());
    await scene.until(() => held.byteCount === 5, "the bytes");
  });

  define("notices the peer's FIN while paused, then delivers the bytes, then the end", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => server.connection.pauseReading());
    client.connection.writeBytes(text("goodbye"));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    await scene.quiet();
    assert.deepEqual(server.recorder.events, ["remote close"]);
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.deepEqual(server.recorder.events, ["remote close", "data", "end"]);
    assert.equal(server.recorder.text(), "goodbye");
  });

  define("notices the peer's FIN that comes as the pause begins", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    server.connection.pauseReading();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    await scene.quiet();
    assert.deepEqual(server.recorder.events, ["remote close"]);
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.deepEqual(server.recorder.events, ["remote close", "end"]);
  });

  define("notices the peer's FIN that comes long after the pause began", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    await scene.quiet();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.deepEqual(server.recorder.events, ["remote close", "end"]);
  });

  define("notices the peer's close while paused after both sides have talked", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("request"));
    await scene.until(() => server.recorder.byteCount === 7, "the request");
    server.connection.pauseReading();
    server.connection.writeBytes(text("response"));
    await scene.until(() => client.recorder.byteCount === 8, "the response");
    client.connection.close();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => server.recorder.has("end"), "the end");
  });

  define("notices the peer's FIN on a connection that was paused before it was there", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    client.connection.pauseReading();
    await scene.until(() => acceptor.accepted.length === 1, "the connection");
    await scene.quiet();
    acceptor.accepted[0]?.connection.shutdownWrite();
    await scene.until(() => client.recorder.has("remote close"), "the remote close");
    assert.deepEqual(client.recorder.events, ["connect", "remote close"]);
  });

  define("does without onRemoteClose", async (scene) => {
    const { client, server } = await scene.pair();
    const { onConnect, onData, onEnd, onDrain, onClose } = INDIFFERENT;
    let ended = false;
    let closed = false;
    server.connection.handler = {
      onConnect,
      onData,
      onDrain,
      onEnd: (connection) => {
        ended = true;
        onEnd(connection);
        connection.close();
      },
      onClose: (connection, errno) => {
        closed = true;
        onClose(connection, errno);
      },
    };
    server.connection.pauseReading();
    client.connection.writeBytes(text("unread"));
    client.connection.shutdownWrite();
    await scene.quiet();
    assert.equal(ended, false);
    scene.call(() => server.connection.resumeReading());
    await scene.until(() => ended && closed, "the end");
  });

  define("does not report a remote close while reading goes on", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("bye"));
    client.connection.close();
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.quiet();
    scene.call(() => server.connection.pauseReading());
    await scene.quiet();
    assert.deepEqual(server.recorder.events, ["data", "end"]);
  });

  define("can be paused when the end was already delivered", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    scene.call(() => server.connection.pauseReading());
    await scene.quiet();
    scene.call(() => server.connection.resumeReading());
    server.connection.writeBytes(text("late answer"));
    server.connection.shutdownWrite();
    await scene.untilClosed(client, server);
    assert.deepEqual(server.recorder.events, ["end", "close"]);
    assert.equal(client.recorder.text(), "late answer");
  });

  define("sends while reading is paused", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    await scene.quiet();
    const sent = new ByteStream(4);
    server.connection.writeBytes(sent.take(500_000));
    server.connection.shutdownWrite();
    await scene.until(() => client.recorder.has("end"), "the end");
    new ByteStream(4).check(client.recorder.bytes());
    assert.equal(client.recorder.byteCount, 500_000);
    assert.deepEqual(server.recorder.events, []);
  });

  define("notices a reset while paused", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    await scene.quiet();
    client.connection.reset();
    await scene.untilClosed(server);
    assert.equal(server.recorder.errno, ECONNRESET);
    assert.deepEqual(server.recorder.events, ["close"]);
  });

  define("notices a reset while paused with bytes unread", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(20_000));
    await scene.quiet();
    client.connection.reset();
    await scene.untilClosed(server);
    assert.equal(server.recorder.errno, ECONNRESET);
    assert.equal(server.recorder.byteCount, 0);
  });

  define("notices a reset while paused with more data stalled than the kernels take", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(40_000_000));
    await scene.quiet();
    assert.ok(client.connection.queuedBytes > 0);
    client.connection.reset();
    await scene.untilClosed(client, server);
    assert.equal(server.recorder.errno, ECONNRESET);
    assert.equal(client.recorder.errno, 0);
  });

  define("notices a reset while paused after the peer's FIN", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(text("unread"));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    client.connection.reset();
    await scene.untilClosed(server);
    assert.deepEqual(server.recorder.events, ["remote close", "close"]);
    assert.notEqual(server.recorder.errno, 0);
  });

  define("can be closed while paused with bytes unread", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(30_000));
    await scene.quiet();
    scene.call(() => server.connection.close());
    await scene.untilClosed(server);
    assert.equal(server.recorder.errno, 0);
    assert.equal(server.recorder.byteCount, 0);
    // Bytes that nobody read make the kernel answer with a reset.
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNRESET);
  });
}
