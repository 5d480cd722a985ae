/**
 * Handlers: never called from within a call, exchanged at any time, and allowed to throw.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET } from "../../../ffi/abi.ts";
import type { Lease } from "../../ring/lease.ts";
import type { Connection } from "../connection.ts";
import { text } from "./bytes.ts";
import type { Pair, Scene } from "./scene.ts";
import type { Define } from "./suite.ts";

/** The other connections of the driver go on, whatever one of them does. */
async function othersGoOn(scene: Scene, { client, server }: Pair): Promise<void> {
  const before = server.recorder.byteCount;
  client.connection.writeBytes(text("fine"));
  await scene.until(() => server.recorder.byteCount === before + 4, "the other connection's bytes");
}

export function handlerCases(define: Define): void {
  define("calls no handler from within a call of a connection", async (scene) => {
    const { client, server } = await scene.pair();
    const both = [client, server].map(({ connection }) => connection);
    const calls: ((connection: Connection) => void)[] = [
      (connection) => connection.writeBytes(new Uint8Array(200_000)),
      (connection) => connection.pauseReading(),
      (connection) => connection.resumeReading(),
      (connection) => connection.shutdownWrite(),
      (connection) => connection.close(),
      (connection) => connection.reset(),
    ];
    // `scene.call` fails on any event.
    for (const call of calls) {
      for (const connection of both) scene.call(() => call(connection));
    }
    await scene.untilClosed(client, server);
  });

  define("calls no handler from within connect", async (scene) => {
    const { listener } = await scene.listen();
    const there = scene.connect(listener);
    assert.deepEqual(there.recorder.events, []);
    await scene.closeListener(listener);
    const refused = scene.connect(listener);
    assert.deepEqual(refused.recorder.events, []);
    await scene.untilClosed(refused);
  });

  define("tells the next event to a handler that was exchanged", async (scene) => {
    const { client, server } = await scene.pair();
    const other = scene.recorder();
    client.connection.writeBytes(text("first"));
    await scene.until(() => server.recorder.byteCount === 5, "the first bytes");
    server.connection.handler = other;
    client.connection.writeBytes(text("second"));
    client.connection.shutdownWrite();
    await scene.until(() => other.has("end"), "the end at the other handler");
    assert.equal(other.text(), "second");
    server.connection.close();
    await scene.until(() => other.isClosed, "onClose at the other handler");
    assert.deepEqual(server.recorder.events, ["data"]);
  });

  define("tells the next event to a handler that was exchanged within an event", async (scene) => {
    const other = scene.recorder();
    const { client, server } = await scene.pair({
      server: {
        data: (connection, lease) => {
          lease.release();
          connection.handler = other;
        },
      },
    });
    client.connection.writeBytes(new Uint8Array(1_000_000));
    client.connection.shutdownWrite();
    await scene.until(() => other.has("end"), "the end at the other handler");
    assert.deepEqual(server.recorder.events, ["data"]);
    assert.equal(server.recorder.byteCount + other.byteCount, 1_000_000);
  });

  const thrown = new Error("thrown by a handler");
  const fail = () => {
    throw thrown;
  };

  for (const event of ["connect", "end", "drain"] as const) {
    define(`resets a connection whose handler throws in ${event}`, async (scene) => {
      scene.expectHandlerErrors();
      const others = await scene.pair();
      const acceptor = await scene.listen();
      const client = scene.connect(acceptor.listener, { [event]: fail });
      await scene.until(() => acceptor.accepted.length === 1, "the connection");
      const server = acceptor.accepted[0] as (typeof acceptor.accepted)[0];
      if (event === "end") server.connection.shutdownWrite();
      if (event === "drain") client.connection.writeBytes(new Uint8Array(1_000_000));
      await scene.untilClosed(client, server);
      assert.deepEqual(scene.harness.handlerErrors, [thrown]);
      assert.equal(client.recorder.errno, 0);
      assert.equal(server.recorder.errno, ECONNRESET);
      await othersGoOn(scene, others);
    });
  }

  define("resets a connection whose handler throws in data", async (scene) => {
    scene.expectHandlerErrors();
    const others = await scene.pair();
    const { client, server } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          lease.release();
          fail();
        },
      },
    });
    client.connection.writeBytes(new Uint8Array(500_000));
    await scene.untilClosed(client, server);
    assert.deepEqual(scene.harness.handlerErrors, [thrown]);
    assert.deepEqual(server.recorder.events, ["data", "close"]);
    assert.notEqual(client.recorder.errno, 0);
    await othersGoOn(scene, others);
  });

  define("resets a connection whose handler throws on data that was held back", async (scene) => {
    scene.expectHandlerErrors();
    const others = await scene.pair();
    const { client, server } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          lease.release();
          fail();
        },
      },
    });
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(50_000));
    await scene.quiet();
    scene.call(() => server.connection.resumeReading());
    await scene.untilClosed(client, server);
    assert.deepEqual(scene.harness.handlerErrors, [thrown]);
    await othersGoOn(scene, others);
  });

  define("resets a connection whose handler throws in remote close", async (scene) => {
    scene.expectHandlerErrors();
    const others = await scene.pair();
    const { client, server } = await scene.pair({ server: { remoteClose: fail } });
    server.connection.pauseReading();
    client.connection.shutdownWrite();
    await scene.untilClosed(client, server);
    assert.deepEqual(scene.harness.handlerErrors, [thrown]);
    assert.equal(client.recorder.errno, ECONNRESET);
    await othersGoOn(scene, others);
  });

  for (const ending of ["close", "reset", "shutdownWrite"] as const) {
    define(`reports what a handler throws in close after ${ending}`, async (scene) => {
      scene.expectHandlerErrors();
      const others = await scene.pair();
      const { client, server } = await scene.pair({
        client: { close: fail },
        server: { end: (connection) => connection.shutdownWrite() },
      });
      client.connection[ending]();
      await scene.untilClosed(client, server);
      await othersGoOn(scene, others);
      assert.deepEqual(scene.harness.handlerErrors, [thrown]);
      assert.equal(client.recorder.closes.length, 1);
    });
  }

  define("resets a connection whose acceptance throws, and accepts the next one", async (scene) => {
    scene.expectHandlerErrors();
    const others = await scene.pair();
    let throws = true;
    const accepted = scene.recorder();
    const listener = await scene.driver.listen(scene.harness.listenAddress(), {
      onAccept: (connection) => {
        if (throws) fail();
        return scene.track(connection, accepted).recorder;
      },
    });
    const client = scene.connect(listener);
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNRESET);
    assert.deepEqual(scene.harness.handlerErrors, [thrown]);
    throws = false;
    const next = scene.connect(listener);
    next.connection.writeBytes(text("better"));
    await scene.until(() => accepted.byteCount === 6, "the next connection's bytes");
    await othersGoOn(scene, others);
  });

  define("resets each of many connections whose handlers throw", async (scene) => {
    scene.expectHandlerErrors();
    const others = await scene.pair();
    const acceptor = await scene.listen("ipv4", {
      data: (_connection: Connection, lease: Lease) => {
        lease.release();
        fail();
      },
    });
    const clients = Array.from({ length: 40 }, () => scene.connect(acceptor.listener));
    for (const client of clients) client.connection.writeBytes(text("boom"));
    await scene.untilClosed(...clients);
    assert.equal(scene.harness.handlerErrors.length, 40);
    await othersGoOn(scene, others);
  });
}
