/**
 * Closing a connection: at once when nothing is queued, after what is queued otherwise.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET, EPIPE, ETIMEDOUT } from "../../../ffi/abi.ts";
import { ByteStream, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

/** More than the kernel's socket buffers take in of themselves. */
const MORE_THAN_THE_KERNEL_BYTES = 40_000_000;

export function closeCases(define: Define): void {
  define("closes without an error, and the peer sees the end", async (scene) => {
    const { client, server } = await scene.pair({ server: { end: (connection) => connection.shutdownWrite() } });
    scene.call(() => client.connection.close());
    assert.equal(client.connection.isClosed, true);
    await scene.untilClosed(client, server);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
    assert.deepEqual(server.recorder.events, ["end", "close"]);
    assert.equal(client.recorder.errno, 0);
    assert.equal(server.recorder.errno, 0);
  });

  define("sends what is queued before it closes", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new ByteStream(1).take(3_000_000));
    scene.call(() => client.connection.close());
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.untilClosed(client);
    new ByteStream(1).check(server.recorder.bytes());
    assert.equal(server.recorder.byteCount, 3_000_000);
    assert.equal(client.recorder.errno, 0);
    assert.equal(client.connection.bytesWritten, 3_000_000);
  });

  define("delivers nothing after close, whatever arrives", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.writeBytes(new Uint8Array(100_000));
    server.connection.shutdownWrite();
    scene.call(() => client.connection.close());
    await scene.untilClosed(client);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
  });

  define("closes once, however often it is told to", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new Uint8Array(1_000_000));
    for (let i = 0; i < 3; i++) scene.call(() => client.connection.close());
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.untilClosed(client);
    scene.call(() => client.connection.close());
    scene.call(() => client.connection.reset());
    await scene.quiet();
    assert.equal(client.recorder.closes.length, 1);
    assert.equal(server.recorder.byteCount, 1_000_000);
  });

  define("ignores every call after onClose", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.close();
    server.connection.close();
    await scene.untilClosed(client, server);
    for (const { connection } of [client, server]) {
      scene.call(() => {
        connection.pauseReading();
        connection.resumeReading();
        connection.shutdownWrite();
        connection.close();
        connection.reset();
      });
      assert.equal(connection.localAddress(), null);
      assert.equal(connection.remoteAddress(), null);
      assert.equal(connection.queuedBytes, 0);
    }
    await scene.quiet();
  });

  for (const event of ["connect", "data", "end", "drain"] as const) {
    define(`can be closed from within ${event}`, async (scene) => {
      const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
      const client = scene.connect(acceptor.listener, {
        [event]: (connection: { close(): void }, lease?: { release(): void }) => {
          if (event === "data") lease?.release();
          scene.call(() => connection.close());
        },
      });
      await scene.until(() => acceptor.accepted.length === 1, "the connection");
      const server = acceptor.accepted[0];
      if (event === "data") server?.connection.writeBytes(new Uint8Array(200_000));
      if (event === "end") server?.connection.shutdownWrite();
      if (event === "drain") client.connection.writeBytes(new Uint8Array(1_000_000));
      await scene.untilClosed(client);
      assert.equal(client.recorder.events.at(-2), event);
      assert.equal(client.recorder.errno, 0);
      assert.equal(client.recorder.count(event), 1);
    });
  }

  define("can be closed in onAccept, and the peer sees the end", async (scene) => {
    const recorder = scene.recorder();
    const listener = await scene.driver.listen(scene.harness.listenAddress(), {
      onAccept: (connection) => {
        connection.close();
        return scene.track(connection, recorder).recorder;
      },
    });
    const client = scene.connect(listener);
    await scene.until(() => client.recorder.has("end"), "the end");
    await scene.until(() => recorder.isClosed, "the accepted connection to be closed");
    assert.deepEqual(recorder.events, ["close"]);
  });

  define("can be closed by another connection's handler while its own events wait", async (scene) => {
    const one = await scene.pair();
    const two = await scene.pair();
    const closeOther = (other: typeof one) => ({
      data: (_connection: unknown, lease: { release(): void }) => {
        lease.release();
        scene.call(() => other.server.connection.close());
      },
    });
    one.server.recorder.reactions = closeOther(two);
    two.server.recorder.reactions = closeOther(one);
    one.client.connection.writeBytes(text("close two"));
    two.client.connection.writeBytes(text("close one"));
    await scene.until(() => one.server.recorder.isClosed || two.server.recorder.isClosed, "one of them to be closed");
    await scene.quiet();
    for (const { server } of [one, two]) {
      if (server.recorder.isClosed) assert.equal(server.recorder.events.at(-1), "close");
    }
  });

  define(
    "gives up with ETIMEDOUT when the peer does not read in time",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      await scene.quiet();
      client.connection.writeBytes(new Uint8Array(MORE_THAN_THE_KERNEL_BYTES));
      scene.call(() => client.connection.close());
      await scene.untilClosed(client);
      assert.equal(client.recorder.errno, ETIMEDOUT);
      // Half a message must not look like a whole one.
      await scene.until(() => {
        server.connection.resumeReading();
        return server.recorder.isClosed;
      }, "the reset");
      assert.equal(server.recorder.errno, ECONNRESET);
      assert.equal(server.recorder.has("end"), false);
    },
    { connection: { writeTimeoutMs: 50 } },
  );

  define(
    "waits without limit for a slow peer when the write timeout is 0",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      client.connection.writeBytes(new Uint8Array(MORE_THAN_THE_KERNEL_BYTES));
      client.connection.close();
      await scene.quiet();
      assert.equal(client.recorder.isClosed, false);
      server.recorder.reactions = { data: (_connection, lease) => lease.release() };
      server.connection.resumeReading();
      await scene.until(() => server.recorder.has("end"), "the end");
      await scene.untilClosed(client);
      assert.equal(client.recorder.errno, 0);
      assert.equal(server.recorder.byteCount, MORE_THAN_THE_KERNEL_BYTES);
    },
    { connection: { writeTimeoutMs: 0 } },
  );

  define(
    "needs no write timeout when the peer reads in time",
    async (scene) => {
      const { client, server } = await scene.pair();
      client.connection.writeBytes(new Uint8Array(2_000_000));
      client.connection.close();
      await scene.untilClosed(client);
      await scene.until(() => server.recorder.has("end"), "the end");
      assert.equal(client.recorder.errno, 0);
    },
    { connection: { writeTimeoutMs: 15_000 } },
  );

  define(
    "reports the peer's reset while it sends what is queued",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      client.connection.writeBytes(new Uint8Array(MORE_THAN_THE_KERNEL_BYTES));
      client.connection.close();
      await scene.quiet();
      assert.equal(client.recorder.isClosed, false);
      server.connection.reset();
      await scene.untilClosed(client, server);
      assert.ok([ECONNRESET, EPIPE].includes(client.recorder.errno), `errno ${client.recorder.errno}`);
    },
    { connection: { writeTimeoutMs: 0 } },
  );

  define(
    "can be reset while it sends what is queued",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      client.connection.writeBytes(new Uint8Array(MORE_THAN_THE_KERNEL_BYTES));
      client.connection.close();
      await scene.quiet();
      scene.call(() => client.connection.reset());
      await scene.untilClosed(client, server);
      assert.equal(client.recorder.errno, 0);
      assert.equal(server.recorder.errno, ECONNRESET);
    },
    { connection: { writeTimeoutMs: 0 } },
  );

  define("closes hundreds of connections at once", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
    const clients = Array.from({ length: 200 }, () => scene.connect(acceptor.listener));
    await scene.until(
      () => acceptor.accepted.length === 200 && clients.every((client) => client.recorder.has("connect")),
      "200 connections",
    );
    assert.equal(scene.driver.connectionCount, 400);
    scene.call(() => {
      for (const client of clients) client.connection.close();
    });
    await scene.untilClosed(...clients, ...acceptor.accepted);
    assert.ok([...clients, ...acceptor.accepted].every(({ recorder }) => recorder.errno === 0));
    await scene.until(() => scene.driver.connectionCount === 0, "all connections to be free");
  });
}
