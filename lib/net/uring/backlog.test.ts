/** A connection that takes its time: connecting to a unix socket waits while its backlog is full. */
import assert from "node:assert/strict";
import { text } from "../conformance/bytes.ts";
import type { Side } from "../conformance/scene.ts";
import { uringTest } from "./test_harness.ts";

for (const waiting of ["parked", "bridged"] as const) {
  uringTest(
    `asks of a connection that is not there yet are done once it is, ${waiting}`,
    { waiting },
    async (scene) => {
      const acceptor = await scene.listen("abstract", {}, { backlog: 1 });
      acceptor.listener.pause();
      const clients: Side[] = [];
      do {
        clients.push(scene.connect(acceptor.listener));
        await scene.quiet();
      } while (clients.at(-1)?.recorder.has("connect"));
      const late = clients.at(-1) as Side;
      late.connection.pauseReading();
      late.connection.writeBytes(text("hello"));
      await scene.quiet();
      assert.deepEqual(late.recorder.events, []);
      assert.equal(late.connection.queuedBytes, 5);

      acceptor.listener.resume();
      await scene.until(() => acceptor.accepted.at(-1)?.recorder.text() === "hello", "the bytes after connecting");
      assert.deepEqual(late.recorder.events, ["connect"]);
      await scene.quiet();
      acceptor.accepted.at(-1)?.connection.shutdownWrite();
      await scene.until(() => late.recorder.has("remote close"), "the remote close");
      assert.deepEqual(late.recorder.events, ["connect", "remote close"]);
    },
  );

  for (const ending of ["close", "reset"] as const) {
    const name = `a connection that waits for the backlog can be given up by ${ending}, ${waiting}`;
    uringTest(name, { waiting }, async (scene) => {
      const acceptor = await scene.listen("abstract", {}, { backlog: 1 });
      acceptor.listener.pause();
      const clients: Side[] = [];
      do {
        clients.push(scene.connect(acceptor.listener));
        await scene.quiet();
      } while (clients.at(-1)?.recorder.has("connect"));
      const late = clients.at(-1) as Side;
      late.connection[ending]();
      await scene.untilClosed(late);
      assert.deepEqual(late.recorder.events, ["close"]);
      assert.equal(late.recorder.errno, 0);
      acceptor.listener.resume();
      await scene.until(() => acceptor.accepted.length >= clients.length - 1, "the others");
    });
  }
}
