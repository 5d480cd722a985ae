/**
 * The driver's own end: everything on it ends with it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function driverCases(define: Define): void {
  define("says which driver it is and with which limits", async (scene) => {
    assert.ok(["uring", "default", "memory"].includes(scene.driver.name));
    assert.equal(scene.driver.connectionOptions.writeHighWatermarkBytes, 64 * 1024);
    assert.equal(scene.driver.connectionCount, 0);
  });

  define("closes with connections of every kind open", async (scene) => {
    const acceptor = await scene.listen();
    const paused = await scene.pairOn(acceptor);
    paused.server.connection.pauseReading();
    paused.client.connection.writeBytes(new Uint8Array(20_000_000));
    const halfClosed = await scene.pairOn(acceptor);
    halfClosed.client.connection.shutdownWrite();
    await scene.until(() => halfClosed.server.recorder.has("end"), "the end");
    const draining = await scene.pairOn(acceptor);
    draining.server.connection.pauseReading();
    draining.client.connection.writeBytes(new Uint8Array(20_000_000));
    draining.client.connection.close();
    const idle = await scene.pairOn(acceptor);
    const connecting = scene.connect(acceptor.listener);
    await scene.close();
    // The scene checks that each of them got its onClose.
    assert.equal(idle.client.recorder.isClosed, true);
    assert.equal(connecting.recorder.isClosed, true);
  });

  define("closes with nothing open, and twice", async (scene) => {
    await scene.driver.close();
    await scene.driver.close();
  });

  define("refuses to connect and to listen once it is closed", async (scene) => {
    const { listener } = await scene.listen();
    await scene.close();
    assert.throws(() => scene.driver.connect(listener.address, scene.recorder()), { code: "ERR_DRIVER_CLOSED" });
    await assert.rejects(scene.driver.listen(listener.address, { onAccept: () => scene.recorder() }), {
      code: "ERR_DRIVER_CLOSED",
    });
  });

  define("leaves connections behind that ignore every call", async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(1000));
    await scene.quiet();
    await scene.close();
    for (const { connection } of [client, server]) {
      assert.equal(
        scene.call(() => connection.writeBytes(text("?"))),
        false,
      );
      scene.call(() => {
        connection.resumeReading();
        connection.pauseReading();
        connection.shutdownWrite();
        connection.close();
        connection.reset();
      });
      assert.equal(connection.isClosed, true);
      assert.equal(connection.queuedBytes, 0);
    }
  });

  define("can be closed from within a handler", async (scene) => {
    let closed = false;
    const { client } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          lease.release();
          scene.call(() =>
            scene.driver.close().then(() => {
              closed = true;
            }),
          );
        },
      },
    });
    client.connection.writeBytes(text("the end"));
    await scene.until(() => closed, "the driver to be closed");
    assert.equal(client.recorder.isClosed, true);
  });

  define("ends connections that a handler asks for while it closes", async (scene) => {
    const { listener } = await scene.listen();
    const late = scene.recorder();
    const client = scene.connect(listener, {
      close: () => scene.track(scene.driver.connect(listener.address, late), late),
    });
    await scene.until(() => client.recorder.has("connect"), "the connection");
    await scene.close();
    assert.deepEqual(late.events, ["close"]);
    assert.notEqual(late.errno, 0);
  });

  define("frees every connection's place for others", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
    for (let round = 0; round < 10; round++) {
      const clients = Array.from({ length: 20 }, () => scene.connect(acceptor.listener));
      await scene.until(() => clients.every(({ recorder }) => recorder.has("connect")), "20 connections");
      for (const [index, { connection }] of clients.entries()) {
        if (index % 2 === 0) connection.close();
        else connection.reset();
      }
      await scene.until(() => scene.driver.connectionCount === 0, "all of them to be free");
    }
    assert.equal(acceptor.accepted.length, 200);
  });
}
