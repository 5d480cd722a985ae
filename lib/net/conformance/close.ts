/**
 * Closing a connection: at once when nothing is queued, after what is queued otherwise.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Define } from "./suite.ts";

export function closeCases(define: Define): void {
  define("closes without an error, and the peer sees the end", async (scene) => {
    const { client, server } = await scene.pair({ server: { end: (connection) => connection.shutdownWrite() } });
    scene.call(() => client.connection.close());
    await scene.untilClosed(client, server);
    assert.deepEqual(client.recorder.events, ["connect", "close"]);
    assert.deepEqual(server.recorder.events, ["end", "close"]);
    assert.equal(client.recorder.errno, 0);
    assert.equal(server.recorder.errno, 0);
  });
}
