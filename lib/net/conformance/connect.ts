/**
 * Connecting, and what may happen before it is done.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNREFUSED } from "../../../ffi/abi.ts";
import type { Define } from "./suite.ts";

export function connectCases(define: Define): void {
  define("connects, and both ends hear of it", async (scene) => {
    const { client, server } = await scene.pair();
    assert.deepEqual(client.recorder.events, ["connect"]);
    // An accepted connection is there from the start.
    assert.deepEqual(server.recorder.events, []);
    assert.equal(client.connection.isClosed, false);
    assert.equal(server.connection.isClosed, false);
    assert.notEqual(client.connection, server.connection);
  });

  define("reports ECONNREFUSED when nobody listens", async (scene) => {
    const { listener } = await scene.listen();
    await scene.closeListener(listener);
    const client = scene.connect(listener);
    await scene.untilClosed(client);
    assert.deepEqual(client.recorder.events, ["close"]);
    assert.equal(client.recorder.errno, ECONNREFUSED);
  });

  define("sends what was written before the connection was there", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    scene.call(() => client.connection.writeBytes(new TextEncoder().encode("early ")));
    scene.call(() => client.connection.writeBytes(new TextEncoder().encode("bird")));
    assert.equal(client.connection.queuedBytes, 10);
    await scene.until(() => acceptor.accepted[0]?.recorder.byteCount === 10, "the early bytes");
    assert.equal(acceptor.accepted[0]?.recorder.text(), "early bird");
  });

  define("sends FIN after connecting when shutdownWrite came first", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    scene.call(() => client.connection.shutdownWrite());
    await scene.until(() => acceptor.accepted[0]?.recorder.has("end") === true, "the end");
    assert.deepEqual(client.recorder.events, ["connect"]);
  });

  define("gives up connecting on close, without an error", async (scene) => {
    const { listener } = await scene.listen();
    const client = scene.connect(listener);
    scene.call(() => client.connection.close());
    assert.equal(client.connection.isClosed, true);
    await scene.untilClosed(client);
    assert.deepEqual(client.recorder.events, ["close"]);
    assert.equal(client.recorder.errno, 0);
  });
}
