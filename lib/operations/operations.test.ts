import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import * as abi from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import { runtime } from "../../ffi/runtime.ts";
import { ipAddress } from "../net/address.ts";
import { TEST_TIMEOUT_MS } from "../net/conformance/harness.ts";
import { Scene } from "../net/conformance/scene.ts";
import { openDefaultHarness } from "../net/default/test_harness.ts";
import { runParked } from "../net/uring/parked_loop.ts";
import { openUringHarness } from "../net/uring/test_harness.ts";
import { Timer } from "../ring/timer_wheel.ts";
import { delayCommand, readFileCommand } from "./commands.ts";
import { operationsOn } from "./operations.ts";
import { during, operationsTest, pattern, rejects, SMALL_OPERATIONS } from "./test_operations.ts";

const LOOPBACK = ipAddress("127.0.0.1", 0);

operationsTest("timeouts end when their time is over, not before, and in order", async ({ operations, harness }) => {
  const { ring } = harness.driver;
  const ended: number[] = [];
  const wait = async (delayMs: number): Promise<void> => {
    const startedMs = ring.readClock();
    await operations.timeout(delayMs);
    assert.ok(ring.readClock() - startedMs >= delayMs);
    ended.push(delayMs);
  };
  await Promise.all([30, 0, 10.5].map(wait));
  assert.deepEqual(ended, [0, 10.5, 30]);
});

operationsTest("a timeout can be aborted, and must be one", async ({ operations }) => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const longest = operations.timeout(4_294_967_295_000, { signal: controller.signal });
  assert.equal(operations.inFlight, 1);
  await operations.timeout(1);
  controller.abort(reason);
  await assert.rejects(longest, reason);
  await assert.rejects(operations.timeout(1, { signal: controller.signal }), reason);
  for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 4_294_967_295_001]) {
    await rejects(operations.timeout(delayMs), "ERR_OPERATION_ARGUMENT", /A timeout has 0 to/);
  }
});

operationsTest("a poll tells what a descriptor is ready for", async ({ operations }) => {
  const socket = await operations.openDatagramSocket({ address: LOOPBACK });
  const { descriptor } = socket;
  assert.equal((await operations.poll(descriptor, { readable: true, writable: true })).writable, true);
  const readable = operations.poll(descriptor, { readable: true });
  await socket.send(pattern(1), socket.localAddress);
  assert.deepEqual(await readable, {
    readable: true,
    writable: false,
    exceptional: false,
    failed: false,
    hungUp: false,
    remoteClosed: false,
  });
  await socket.receive();
  const controller = new AbortController();
  const aborted = operations.poll(descriptor, { readable: true }, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, /enough/);
  await socket.close();
  await rejects(operations.poll(descriptor, { readable: true }), "EBADF", /^Cannot poll descriptor \d+: EBADF$/);
  await rejects(operations.poll(-1, { readable: true }), "ERR_OPERATION_ARGUMENT", /descriptor/);
  await rejects(operations.poll(0, {}), "ERR_OPERATION_ARGUMENT", /what to wait for/);
});

operationsTest("no more operations are taken on than there may be", async ({ operations, path }) => {
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Array.from({ length: 15 }, () => operations.timeout(1_000_000, { signal }));
  await operations.timeout(1);
  waits.push(operations.timeout(1_000_000, { signal }));
  await rejects(operations.timeout(1), "ERR_OPERATION_LIMIT", /16 operations are in flight/);
  await rejects(operations.openFile(path("a")), "ERR_OPERATION_LIMIT", /raise maximumInFlight/);
  assert.throws(() => operations.submit(delayCommand(1), () => {}), /16 operations/);
  controller.abort();
  for (const wait of waits) await assert.rejects(wait, { name: "AbortError" });
  await operations.timeout(1);
});

operationsTest("who finds no buffer waits for one, in order, and may give up", async ({ operations, path }) => {
  writeFileSync(path("a"), pattern(100));
  const file = await operations.openFile(path("a"));
  const buffers = await Promise.all(Array.from({ length: 4 }, () => operations.takeBuffer()));
  assert.equal(operations.tryTakeBuffer(), null);
  const order: string[] = [];
  const take = async (name: string): Promise<void> => {
    const buffer = await operations.takeBuffer();
    order.push(name);
    buffer.release();
  };
  const controller = new AbortController();
  const reading = file.read(new Uint8Array(10), 0);
  const first = take("first");
  const givenUp = operations.takeBuffer({ signal: controller.signal });
  const second = take("second");
  await operations.timeout(1);
  controller.abort(new Error("enough"));
  await assert.rejects(givenUp, /enough/);
  assert.deepEqual(order, []);
  buffers[0]?.release();
  assert.equal(await reading, 10);
  await first;
  await second;
  assert.deepEqual(order, ["first", "second"]);
  for (const buffer of buffers.slice(1)) buffer.release();
  assert.throws(() => buffers[1]?.release(), /released already/);
  await file.close();
});

operationsTest("a command completes to its callback, with its buffer's bytes", async ({ operations, path }) => {
  writeFileSync(path("a"), "hello");
  const file = await operations.openFile(path("a"));
  const buffer = await operations.takeBuffer();
  const text = await new Promise<string>((resolve) => {
    let isWithin = true;
    operations.submit(readFileCommand(file.descriptor, buffer, 100, 1), (result) => {
      assert.equal(isWithin, false, "called from within submit");
      resolve(new TextDecoder().decode(buffer.bytes.slice(0, result)));
      buffer.release();
    });
    isWithin = false;
  });
  assert.equal(text, "ello");
  assert.throws(() => operations.submit(readFileCommand(file.descriptor, buffer, 1, 0), () => {}), /released already/);
  await file.close();
});

operationsTest(
  "a buffer that is released early is nobody's until the kernel is done with it",
  async ({ operations }) => {
    const socket = await operations.openDatagramSocket({ address: LOOPBACK });
    const buffer = await operations.takeBuffer();
    const results: number[] = [];
    // A read from a socket waits until there is something.
    const reading = operations.submit(readFileCommand(socket.descriptor, buffer, 100, 0), (result) => {
      results.push(result);
    });
    buffer.release();
    await operations.timeout(1);
    assert.equal(operations.tryTakeBuffer(), null);
    reading.cancel();
    reading.cancel();
    while (results.length === 0) await operations.timeout(1);
    assert.deepEqual(results, [-abi.ECANCELED]);
    reading.cancel();
    const again = operations.tryTakeBuffer();
    assert.ok(again !== null);
    again.release();
    await socket.close();
  },
  { buffers: 1 },
);

operationsTest("commands that the shim refuses complete with the reason", async ({ operations }) => {
  const complete = (command: Parameters<typeof operations.submit>[0]): Promise<number> =>
    new Promise((resolve) => operations.submit(command, resolve));
  const read = { operation: abi.OPERATION_READ_FILE, b: 1, words: [0, 0] };
  assert.equal(await complete({ ...read, descriptor: 0 }), -abi.EBADF);
  const socket = await operations.openDatagramSocket({ address: LOOPBACK });
  const { descriptor } = socket;
  const outside = 4 * (4096 + 128);
  assert.equal(await complete({ ...read, descriptor, a: outside }), -abi.EINVAL);
  assert.equal(await complete({ ...read, descriptor, words: [] }), -abi.EINVAL);
  for (const operation of [abi.OPERATION_CLOSE, -1, 26, 256, Number.NaN]) {
    assert.throws(() => operations.submit({ operation, descriptor }, () => {}), RangeError);
  }
  assert.equal(operations.inFlight, 0);
  await socket.close();
});

test("what a callback throws is reported, and the others go on", { timeout: TEST_TIMEOUT_MS }, async () => {
  const harness = await openUringHarness();
  const operations = operationsOn(harness.driver);
  // Slots and generations of connections begin like those of operations.
  const scene = new Scene(harness);
  const { client, server } = await scene.pair();
  let completed = 0;
  operations.submit(delayCommand(0), () => {
    throw new Error("thrown");
  });
  operations.submit(delayCommand(0), () => {
    completed++;
  });
  await harness.until(() => completed === 1, "the other one");
  assert.equal(harness.handlerErrors.length, 1);
  assert.match(String(harness.handlerErrors[0]), /thrown/);
  client.connection.writeBytes(pattern(10));
  server.connection.writeBytes(pattern(10));
  await harness.until(() => server.recorder.byteCount + client.recorder.byteCount === 20, "both connections");
  await scene.close();
});

test("closing the driver closes the ring when nothing is in flight any more", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  const operations = operationsOn(driver, { maximumInFlight: 1000 });
  const results: number[] = [];
  // More than one turn handles.
  for (let i = 0; i < 1000; i++) operations.submit(delayCommand(1_000_000), (result) => results.push(result));
  const closeRing = driver.ring.closeRing.bind(driver.ring);
  let inFlight = -1;
  driver.ring.closeRing = () => {
    inFlight = operations.inFlight;
    closeRing();
  };
  await harness.close();
  assert.equal(inFlight, 0);
  assert.deepEqual(results, new Array<number>(1000).fill(-abi.ECANCELED));
});

test("what the kernel does not give back in time is cancelled with the ring", {
  timeout: TEST_TIMEOUT_MS,
}, async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  const operations = operationsOn(driver);
  const results: number[] = [];
  const submitted = operations.submit(delayCommand(1_000_000), (result) => {
    results.push(result);
    throw new Error("thrown");
  });
  operations.submit(delayCommand(1_000_000), (result) => results.push(result));
  // As if it could not be cancelled.
  driver.ring.cancel = () => {};
  await harness.close();
  submitted.cancel();
  assert.deepEqual(results, [-abi.ECANCELED, -abi.ECANCELED]);
  assert.equal(harness.handlerErrors.length, 1);
});

for (const waiting of ["parked", "bridged"] as const) {
  test(`closing the driver cancels what is in flight, ${waiting}`, { timeout: TEST_TIMEOUT_MS }, async () => {
    const harness = await openUringHarness({ waiting });
    const operations = operationsOn(harness.driver, { ...SMALL_OPERATIONS, buffers: 1 });
    const socket = await during(harness, operations.openDatagramSocket({ address: LOOPBACK }));
    const buffer = await operations.takeBuffer();
    const file = operations.openFile("/dev/null");
    const failures = [
      rejects(operations.timeout(1_000_000), "ERR_DRIVER_CLOSED", /the driver is closed/i),
      rejects(operations.poll(socket.descriptor, { readable: true }), "ERR_DRIVER_CLOSED", /the driver is closed/i),
      rejects(socket.receive(), "ERR_DRIVER_CLOSED", /the driver is closed/i),
      rejects(file, "ERR_DRIVER_CLOSED", /the driver is closed/i),
    ];
    const closing = harness.driver.close();
    await Promise.all(failures);
    await closing;
    assert.equal(operations.inFlight, 0);
    buffer.release();
    await socket.close();
    await rejects(operations.timeout(1), "ERR_DRIVER_CLOSED", /the driver is closed/i);
    assert.throws(() => operations.tryTakeBuffer(), RingwayError);
    // The ring has closed the socket.
    await assert.rejects(harness.close(), /1 open descriptors/);
  });
}

test("what awaits an operation gets on in a parked loop, though nobody counts it", async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  const operations = operationsOn(driver);
  const count = 20;
  let steps = -1;
  let idleWaits = 0;
  const turn = driver.turn.bind(driver);
  driver.turn = (maximumWaitMs) => {
    if (maximumWaitMs > 0 && steps >= 0 && steps < count && operations.inFlight === 0) idleWaits++;
    return turn(maximumWaitMs);
  };
  const start = new Timer(() => {
    void (async () => {
      for (steps = 0; steps < count; steps++) await operations.timeout(0);
    })();
  });
  driver.startTimer(start, 0);
  await runParked(driver, { isStopped: () => steps === count, isMessageOnItsWay: () => false });
  assert.equal(idleWaits, 0);
  await harness.close();
});

test("a file that was forgotten is closed, with a notice", { timeout: TEST_TIMEOUT_MS }, async () => {
  const harness = await openUringHarness({ waiting: "bridged" });
  const { driver, notices } = harness;
  const operations = operationsOn(driver);
  // In a function of its own, so that nothing on the stack refers to it.
  const forget = async (): Promise<void> => {
    await operations.openFile("/dev/null");
    await (await operations.openFile("/dev/zero")).close();
  };
  await forget();
  await harness.until(() => {
    runtime.collectGarbage();
    return notices.length > 0;
  }, "the notice");
  await operations.timeout(1);
  await harness.until(() => driver.ring.info(abi.INFO_OPEN_DESCRIPTORS) === 0, "the descriptor");
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? "", /^the file "\/dev\/null" was forgotten, open, and is closed now/);
  await harness.close();
});

test("on a driver that is closed nothing begins", async () => {
  const harness = await openUringHarness();
  await harness.close();
  const operations = operationsOn(harness.driver);
  await rejects(operations.timeout(1), "ERR_DRIVER_CLOSED", /The driver is closed/);
  await rejects(operations.openFile("/dev/null"), "ERR_DRIVER_CLOSED", /The driver is closed/);
  await rejects(operations.openDatagramSocket(), "ERR_DRIVER_CLOSED", /The driver is closed/);
});

test("what is begun while a driver closes ends with it", { timeout: TEST_TIMEOUT_MS }, async () => {
  const harness = await openUringHarness();
  const { driver } = harness;
  const closing = harness.close();
  const ended = rejects(operationsOn(driver).timeout(1_000_000), "ERR_DRIVER_CLOSED", /the driver is closed/i);
  await closing;
  await ended;
});

test("a driver has one set of operations", async () => {
  const harness = await openUringHarness();
  const operations = operationsOn(harness.driver, { maximumInFlight: 1 });
  assert.equal(operationsOn({ driver: harness.driver }), operations);
  await harness.close();
});

test("a driver without io_uring has none, and says what to do", async () => {
  const harness = await openDefaultHarness();
  assert.throws(
    () => operationsOn(harness.driver),
    (error) =>
      error instanceof RingwayError &&
      error.code === "ERR_OPERATIONS_UNAVAILABLE" &&
      /driver is "default"\. Ask for the socket interface "uring"/.test(error.message),
  );
  assert.throws(() => operationsOn({ name: "uring" }), /another copy of the package/);
  await harness.close();
});

test("limits that can't be are refused", async () => {
  const harness = await openUringHarness();
  const wrong = [
    { maximumInFlight: 0 },
    { maximumInFlight: 1.5 },
    { maximumInFlight: 65537 },
    { buffers: 0 },
    { buffers: 4097 },
    { bufferBytes: 4095 },
    { bufferBytes: 4097 },
    { bufferBytes: 2 ** 24 + 4096 },
    { buffers: 4096, bufferBytes: 2 ** 20 },
  ];
  for (const options of wrong) {
    assert.throws(
      () => operationsOn(harness.driver, options),
      (error) => error instanceof RingwayError && error.code === "ERR_OPERATION_ARGUMENT",
      JSON.stringify(options),
    );
  }
  await harness.close();
});
