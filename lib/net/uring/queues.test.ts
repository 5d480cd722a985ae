/** Queues that are too small for what a turn asks of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "../../ring/lease.ts";
import { ByteStream } from "../conformance/bytes.ts";
import { TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import { INDIFFERENT, type Scene } from "../conformance/scene.ts";
import { openUringHarness, uringTest } from "./test_harness.ts";

/** Many connections that all have something to do in the same turn. */
async function manyEchoes(scene: Scene, count: number): Promise<void> {
  const acceptor = await scene.listen("ipv4", {
    data: (connection, lease) => connection.write(lease),
    end: (connection) => connection.shutdownWrite(),
  });
  const clients = Array.from({ length: count }, () => scene.connect(acceptor.listener));
  await scene.until(() => clients.every(({ recorder }) => recorder.has("connect")), "all connections");
  for (const [index, { connection }] of clients.entries()) {
    connection.writeBytes(new ByteStream(index).take(5000));
    connection.shutdownWrite();
  }
  await scene.untilClosed(...clients, ...acceptor.accepted);
  for (const [index, { recorder }] of clients.entries()) {
    new ByteStream(index).check(recorder.bytes());
    assert.equal(recorder.byteCount, 5000);
    assert.equal(recorder.errno, 0);
  }
}

for (const waiting of ["parked", "bridged"] as const) {
  uringTest(
    `a full submission queue is submitted early, ${waiting}`,
    { waiting, ring: { submissionEntries: 1, completionEntries: 4096 } },
    async (scene, { driver }) => {
      await manyEchoes(scene, 100);
      assert.ok(driver.ring.counters().submissionQueueFull > 0);
    },
  );

  uringTest(
    `an overflowing completion queue loses nothing, ${waiting}`,
    { waiting, ring: { submissionEntries: 2, completionEntries: 2, completionCapacity: 256 } },
    async (scene, { driver }) => {
      await manyEchoes(scene, 100);
      assert.ok(driver.ring.counters().overflows > 0);
    },
  );

  uringTest(
    `a full command queue is submitted early, ${waiting}`,
    { waiting, ring: { commandCapacity: 8 } },
    async (scene, { driver }) => {
      await manyEchoes(scene, 100);
      assert.equal(driver.ring.counters().refused, 0);
    },
  );

  uringTest(
    `more completions than one turn takes are taken by the next ones, ${waiting}`,
    { waiting, ring: { completionCapacity: 8 } },
    (scene) => manyEchoes(scene, 100),
  );
}

test("completions that one turn leaves in the kernel are handled without a further event", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  // Handling them asks for nothing, so that nothing but they themselves makes the loop turn.
  const receiver = await openUringHarness({ waiting: "bridged", ring: { completionCapacity: 8 } });
  const sender = await openUringHarness({ ring: { writeBuffers: { count: 64, bytes: 64 } } });
  const kept: Lease[] = [];
  let accepted = 0;
  const listener = await receiver.driver.listen(receiver.listenAddress(), {
    onAccept: () => {
      accepted++;
      return {
        onConnect() {},
        onData: (_connection, lease) => kept.push(lease),
        onEnd() {},
        onDrain() {},
        onClose() {},
      };
    },
  });
  const clients = Array.from({ length: 50 }, () => sender.driver.connect(listener.address, INDIFFERENT));
  await sender.until(() => accepted === 50, "50 connections");
  for (let round = 1; round <= 5; round++) {
    for (const client of clients) client.writeBytes(Uint8Array.of(round));
    sender.driver.turn(0);
    await receiver.until(() => kept.length === 50, "all bytes of the round");
    for (const lease of kept.splice(0)) lease.release();
  }
  await sender.close();
  await receiver.close();
});

uringTest(
  "a turn that asks for more than every queue holds together loses nothing",
  { ring: { submissionEntries: 1, completionEntries: 1, commandCapacity: 8, completionCapacity: 8 } },
  (scene) => manyEchoes(scene, 150),
);
