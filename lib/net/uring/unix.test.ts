import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import type { SocketAddress } from "../address.ts";
import { openUringHarness } from "./test_harness.ts";

test("the end of a unix socket that comes together with the last bytes is not missed", async () => {
  const harness = await openUringHarness();
  const address = harness.listenAddress("unix");
  let received = 0;
  let ended = 0;
  await harness.driver.listen(address, {
    onAccept: () => ({
      onConnect() {},
      onDrain() {},
      onClose() {},
      onData: (_connection, lease) => {
        received += lease.length;
        lease.release();
      },
      onEnd: (connection) => {
        ended++;
        connection.shutdownWrite();
      },
    }),
  });
  for (let i = 1; i <= 20; i++) {
    // All of it is there before the connection is accepted.
    await sendAndEnd(address);
    await harness.until(() => received === 4 * i && ended === i, "the bytes and the end were received");
  }
  await harness.close();
});

/** Connect, send four bytes, half-close. */
function sendAndEnd(address: SocketAddress): Promise<void> {
  assert.ok(address.family === "unix");
  const socket = createConnection({ path: address.path, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.end("ping", () => {
      socket.resume();
      resolve();
    });
  });
}
