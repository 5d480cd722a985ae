/** The two loops: how they wait, how they end, and that they rest while nothing happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WakeRequest } from "../../ring/test_wake_worker.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { text } from "../conformance/bytes.ts";
import { TEST_TIMEOUT_MS } from "../conformance/harness.ts";
import { INDIFFERENT } from "../conformance/scene.ts";
import type { ConnectionHandler } from "../connection.ts";
import { BridgedLoop } from "./bridged_loop.ts";
import { runParked } from "./parked_loop.ts";
import { inScene, openUringHarness, type UringHarness, uringTest } from "./test_harness.ts";

const TEST = { timeout: TEST_TIMEOUT_MS };

/** Turns of the runtime's own loop. */
async function runtimeTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

function enters({ driver }: UringHarness): number {
  return driver.ring.counters().enters;
}

uringTest("a turn enters the kernel once, however much it is asked for", {}, async (scene, harness) => {
  const pairs = await Promise.all(Array.from({ length: 20 }, () => scene.pair()));
  for (const { client } of pairs) client.connection.writeBytes(new Uint8Array(3000));
  const before = enters(harness);
  for (let turn = 0; turn < 10; turn++) harness.driver.turn(5);
  assert.equal(enters(harness) - before, 10);
});

uringTest("a bridged loop rests while nothing happens", { waiting: "bridged" }, async (scene, harness) => {
  const { client, server } = await scene.pair();
  await runtimeTurns(10);
  const before = enters(harness);
  await runtimeTurns(30);
  assert.equal(enters(harness), before);
  client.connection.writeBytes(text("x"));
  await scene.until(() => server.recorder.byteCount === 1, "the byte");
});

for (const waiting of ["parked", "bridged"] as const) {
  const name = `a paused or half-closed connection whose peer has ended keeps nothing busy, ${waiting}`;
  uringTest(name, { waiting }, async (scene, harness) => {
    const paused = await scene.pair();
    paused.server.connection.pauseReading();
    paused.client.connection.writeBytes(text("unread"));
    paused.client.connection.shutdownWrite();
    const halfClosed = await scene.pair();
    halfClosed.client.connection.shutdownWrite();
    await scene.until(
      () => paused.server.recorder.has("remote close") && halfClosed.server.recorder.has("end"),
      "both ends",
    );
    await scene.quiet();
    if (waiting === "bridged") {
      await runtimeTurns(10);
      const before = enters(harness);
      await runtimeTurns(30);
      assert.equal(enters(harness), before);
    } else {
      // A turn ends at once when something completes.
      for (let turn = 0; turn < 10; turn++) harness.driver.turn(1);
      let completions = 0;
      for (let turn = 0; turn < 20; turn++) completions += harness.driver.turn(2);
      assert.equal(completions, 0);
    }
  });
}

uringTest(
  "a bridged loop calls timers though nothing else happens",
  { waiting: "bridged" },
  async (scene, { driver }) => {
    await runtimeTurns(5);
    const calls: number[] = [];
    const startedMs = performance.now();
    for (const delayMs of [30, 5, 15]) {
      const timer = new Timer(() => {
        calls.push(delayMs);
        assert.ok(performance.now() - startedMs >= delayMs - 1);
      });
      driver.startTimer(timer, delayMs);
    }
    await scene.until(() => calls.length === 3, "three timers");
    assert.deepEqual(calls, [5, 15, 30]);
  },
);

test("a bridged loop handles nothing once it is stopped, and everything once it is started again", TEST, () =>
  inScene({}, async (scene, { driver }) => {
    const { client, server } = await scene.pair();
    const loop = new BridgedLoop(driver);
    loop.start();
    client.connection.writeBytes(text("one"));
    while (server.recorder.byteCount < 3) await runtimeTurns(1);
    await loop.stop();
    client.connection.writeBytes(text("two"));
    await runtimeTurns(20);
    assert.equal(server.recorder.byteCount, 3);
    const again = new BridgedLoop(driver);
    again.start();
    while (server.recorder.byteCount < 6) await runtimeTurns(1);
    await again.stop();
    assert.equal(server.recorder.text(), "onetwo");
  }),
);

test("a bridged loop can be stopped twice, from within a handler, and before it was started", TEST, async () => {
  const harness = await openUringHarness();
  const loop = new BridgedLoop(harness.driver);
  await loop.stop();
  loop.start();
  let stopped: Promise<void> | null = null;
  harness.driver.startTimer(
    new Timer(() => {
      stopped = loop.stop();
    }),
    1,
  );
  while (stopped === null) await runtimeTurns(1);
  await stopped;
  await loop.stop();
  await harness.close();
});

test("a bridged loop leaves the runtime's own work its turn while it is busy", TEST, async () => {
  const harness = await openUringHarness({ waiting: "bridged" });
  const { driver } = harness;
  let rounds = 0;
  const listener = await driver.listen(harness.listenAddress(), {
    onAccept: () => ({
      ...INDIFFERENT,
      onData: (connection, lease) => {
        rounds++;
        connection.write(lease);
      },
    }),
  });
  const client = driver.connect(listener.address, {
    ...INDIFFERENT,
    onConnect: (connection) => connection.writeBytes(text("ping")),
    onData: (connection, lease) => connection.write(lease),
  });
  let ticks = 0;
  const interval = setInterval(() => ticks++, 1);
  await harness.until(() => rounds > 2000 && ticks > 3, "rounds and ticks");
  clearInterval(interval);
  client.close();
  await harness.close();
});

test("a parked loop is woken by another thread, and then hears what that has to say", TEST, async () => {
  const harness = await openUringHarness();
  const worker = new Worker(new URL("../../ring/test_wake_worker.ts", import.meta.url), { type: "module" });
  try {
    let isStopped = false;
    await new Promise<void>((resolve) => {
      worker.onmessage = () => resolve();
    });
    worker.onmessage = () => {
      isStopped = true;
    };
    const request: WakeRequest = {
      libraryPath: harness.libraryPath,
      handle: harness.driver.ring.handle,
      enters: false,
    };
    worker.postMessage(request);
    await runParked(harness.driver, { isStopped: () => isStopped, isMessageOnItsWay: () => false });
    assert.equal(isStopped, true);
  } finally {
    worker.terminate();
  }
  await harness.close();
});

test("a parked loop lets the runtime's timers run while it is busy", TEST, async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  // A connection to itself that never rests.
  const echo: ConnectionHandler = { ...INDIFFERENT, onData: (connection, lease) => connection.write(lease) };
  const listener = await driver.listen(harness.listenAddress(), { onAccept: () => echo });
  driver.connect(listener.address, echo).writeBytes(text("ping"));
  let ticks = 0;
  const interval = setInterval(() => ticks++, 1);
  await runParked(driver, { isStopped: () => ticks >= 2, isMessageOnItsWay: () => false });
  clearInterval(interval);
  await harness.close();
});

uringTest("the clock goes on between turns, and stands still within one", {}, async (scene, { driver }) => {
  const { client } = await scene.pair();
  driver.turn(0);
  const startMs = driver.nowMs;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(driver.nowMs - startMs >= 25, `${driver.nowMs - startMs} ms`);
  const seen: number[] = [];
  const wait = () => {
    const endMs = performance.now() + 10;
    seen.push(driver.nowMs);
    while (performance.now() < endMs);
    seen.push(driver.nowMs);
  };
  client.connection.handler = { ...INDIFFERENT, onClose: wait };
  client.connection.reset();
  await scene.until(() => seen.length === 2, "the end");
  assert.equal(seen[1], seen[0]);
});

uringTest("a timer that is started long after the last turn is not early", {}, async (scene, { driver }) => {
  driver.turn(0);
  const busyUntilMs = performance.now() + 40;
  while (performance.now() < busyUntilMs);
  const startedMs = performance.now();
  let elapsedMs = -1;
  const timer = new Timer(() => {
    elapsedMs = performance.now() - startedMs;
  });
  driver.startTimer(timer, 20);
  await scene.until(() => elapsedMs >= 0, "the timer");
  assert.ok(elapsedMs >= 19, `after ${elapsedMs} ms`);
});

test("a driver closes at once though connections arrive and its handlers ask for more", TEST, () =>
  inScene({}, async (other, { driver: otherDriver }) => {
    const elsewhere = await other.listen();
    await inScene({ ring: { completionCapacity: 8 } }, async (scene, { driver }) => {
      const late = scene.recorder();
      const acceptor = await scene.listen();
      const { client } = await scene.pairOn(acceptor, {
        close: () => scene.track(driver.connect(elsewhere.listener.address, late), late),
      });
      for (let i = 0; i < 50; i++) other.connect(acceptor.listener);
      otherDriver.turn(0);
      // The kernel has accepted all of them, and a turn takes only some.
      driver.turn(0);
      const startedMs = driver.ring.readClock();
      await scene.close();
      assert.ok(driver.nowMs - startedMs < 1000);
      assert.equal(client.recorder.isClosed, true);
      assert.deepEqual(late.events, ["close"]);
    });
  }),
);

test("two drivers in one thread do not disturb each other", TEST, () =>
  inScene({}, (one) =>
    inScene({ waiting: "bridged" }, async (other) => {
      const first = await one.listen();
      const crossing = other.connect(first.listener);
      crossing.connection.writeBytes(text("across"));
      await one.until(() => first.accepted[0]?.recorder.byteCount === 6, "the bytes from the other driver");
      first.accepted[0]?.connection.reset();
      await one.until(() => crossing.recorder.isClosed, "the reset from the other driver");
      const second = await other.pair();
      second.client.connection.writeBytes(text("within"));
      await other.until(() => second.server.recorder.byteCount === 6, "the bytes within one driver");
    }),
  ),
);
