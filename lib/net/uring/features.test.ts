/** Kernels that lack something: everything works without it, one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../../ffi/abi.ts";
import { ByteStream, Random, text } from "../conformance/bytes.ts";
import { TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import type { Scene } from "../conformance/scene.ts";
import { openUringHarness, uringTest } from "./test_harness.ts";

/** A bit of everything. */
async function everything(scene: Scene): Promise<void> {
  const random = new Random(1);
  const acceptor = await scene.listen("ipv4", {
    data: (connection, lease) => {
      if (!connection.write(lease)) connection.pauseReading();
    },
    drain: (connection) => connection.resumeReading(),
    end: (connection) => connection.shutdownWrite(),
  });
  const clients = Array.from({ length: 20 }, () => scene.connect(acceptor.listener));
  for (const [index, { connection }] of clients.entries()) {
    connection.writeBytes(new ByteStream(index).take(random.size(1, 400_000)));
    if (index % 2 === 0) connection.pauseReading();
    connection.shutdownWrite();
  }
  await scene.quiet();
  for (const { connection } of clients) connection.resumeReading();
  await scene.untilClosed(...clients);
  for (const [index, { connection, recorder }] of clients.entries()) {
    new ByteStream(index).check(recorder.bytes());
    assert.equal(recorder.byteCount, connection.bytesWritten);
    assert.equal(recorder.errno, 0);
  }

  acceptor.listener.pause();
  const late = [scene.connect(acceptor.listener), scene.connect(acceptor.listener)] as const;
  late[0].connection.writeBytes(text("late"));
  await scene.until(() => late.every(({ recorder }) => recorder.has("connect")), "connections in the backlog");
  acceptor.listener.resume();
  await scene.until(() => late[0].recorder.text() === "late", "the echo");
  const accepted = acceptor.accepted.at(-1);
  accepted?.connection.reset();
  late[0].connection.close();
  await scene.until(() => late.some(({ recorder }) => recorder.errno === abi.ECONNRESET), "the reset");
  await scene.closeListener(acceptor.listener);
}

const OPTIONAL: Readonly<Record<string, number>> = {
  "a single issuer": abi.FEATURE_SINGLE_ISSUER,
  "deferred task work": abi.FEATURE_DEFERRED_TASK_RUN,
  "deferred and cooperative task work": abi.FEATURE_DEFERRED_TASK_RUN | abi.FEATURE_COOPERATIVE_TASK_RUN,
  "submitting all": abi.FEATURE_SUBMIT_ALL,
  "a registered ring": abi.FEATURE_REGISTERED_RING,
  "multishot accept": abi.FEATURE_MULTISHOT_ACCEPT,
  "multishot receive": abi.FEATURE_MULTISHOT_RECEIVE,
  "skipping successful completions": abi.FEATURE_SKIP_SUCCESS,
  "polling first": abi.FEATURE_POLL_FIRST,
};

for (const [name, bits] of Object.entries(OPTIONAL)) {
  for (const waiting of ["parked", "bridged"] as const) {
    uringTest(`works without ${name}, ${waiting}`, { waiting, ring: { disabledFeatures: bits } }, async (scene, h) => {
      assert.equal(h.driver.ring.features & bits, 0);
      await everything(scene);
    });
  }
}

for (const waiting of ["parked", "bridged"] as const) {
  const ring = { submissionQueuePolling: true, submissionQueueIdleMs: 1 };
  uringTest(`works with a polled submission queue, ${waiting}`, { waiting, ring }, async (scene, { driver }) => {
    assert.ok(driver.ring.features & abi.FEATURE_SUBMISSION_QUEUE_POLLING);
    await everything(scene);
  });
}

for (const acceptSize of [1, 3, 64]) {
  const options = { acceptSize, ring: { disabledFeatures: abi.FEATURE_MULTISHOT_ACCEPT } };
  uringTest(`accepts with ${acceptSize} single accepts at a time`, options, everything);
}

for (const feature of [abi.FEATURE_BUFFER_RINGS, abi.FEATURE_NO_DROP, abi.FEATURE_WAIT_TIMEOUT]) {
  test(`refuses a kernel without feature ${feature}`, { timeout: TEST_TIMEOUT_MS }, () =>
    assert.rejects(openUringHarness({ ring: { disabledFeatures: feature } }), { code: "ERR_RING_KERNEL" }),
  );
}
