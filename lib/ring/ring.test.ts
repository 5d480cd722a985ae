import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../ffi/abi.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { runtime } from "../../ffi/runtime.ts";
import { RingError } from "./errors.ts";
import { type Ring, wakeRing } from "./ring.ts";
import { TestRing } from "./test_ring.ts";
import type { WakeRequest } from "./test_wake_worker.ts";

const POLLIN = 1;

async function opened(...parameters: Parameters<typeof TestRing.open>): Promise<{ t: TestRing; ring: Ring }> {
  const t = await TestRing.open(...parameters);
  return { t, ring: t.ring };
}

test("a command completes with its slot, generation and operation", async () => {
  const { ring, t } = await opened();
  ring.nop(5, 0x7fffff);
  ring.nop(2 ** 31 - 1, 0);
  assert.deepEqual(t.turn(), [
    { slot: 5, generation: 0x7fffff, operation: abi.OPERATION_NOP, result: 0, flags: 0 },
    { slot: 2 ** 31 - 1, generation: 0, operation: abi.OPERATION_NOP, result: 0, flags: 0 },
  ]);
  assert.equal(ring.hasCommands, false);
  ring.closeRing();
});

test("commands on a descriptor that the ring does not own complete with EBADF", async () => {
  const { ring, t } = await opened();
  const address = new Uint8Array(16);
  const commands: (() => void)[] = [
    () => ring.accept(-1, false, 1, 1),
    () => ring.receiveMultishot(0, abi.GROUP_SMALL, 0, 0, 1, 1),
    () => ring.receive(0, abi.GROUP_SMALL, 0, 1, 1),
    () => ring.send(99, 0, 1, 1, 1),
    () => ring.setPiece(ring.sendVector(99, 2, 1, 1), 0, 0, 1),
    () => ring.connect(1_000_000, address, 1, 1),
    () => ring.shutdown(0, 1, 1, 1),
    () => ring.poll(-1, POLLIN, 1, 1),
    () => ring.pollMultishot(2 ** 30, POLLIN, 1, 1),
  ];
  for (const command of commands) {
    command();
    assert.equal(t.waitFor(1).result, -abi.EBADF, String(command));
  }
  assert.equal(ring.counters().refused, commands.length);
  // Nobody's descriptor was closed.
  ring.close(0);
  ring.reset(0);
  assert.deepEqual(
    t.collect(2).map(({ result }) => result),
    [-abi.EBADF, -abi.EBADF],
  );
  ring.closeRing();
});

test("commands outside the arena, of no bytes or of a strange operation complete with EINVAL", async () => {
  const { ring, t } = await opened();
  const [one] = t.pair();
  const size = ring.arena.length;
  const commands: (() => void)[] = [
    () => ring.send(one, 0, 0, 1, 1),
    () => ring.send(one, size - 1, 2, 1, 1),
    () => ring.send(one, -1, 1, 1, 1),
    () => {
      const vector = ring.sendVector(one, 2, 1, 1);
      ring.setPiece(vector, 0, 0, 10);
      ring.setPiece(vector, 1, size, 10);
    },
    () => ring.receive(one, abi.GROUP_WRITE, 0, 1, 1),
    () => ring.receive(one, 77, 0, 1, 1),
    () => ring.connect(one, new Uint8Array(1), 1, 1),
  ];
  for (const command of commands) {
    command();
    assert.equal(t.waitFor(1).result, -abi.EINVAL, String(command));
  }
  ring.provide(10_000);
  assert.equal(t.collect(1)[0]?.result, -abi.EINVAL);
  t.expectQuiet();
  ring.closeRing();
});

test("bytes that are sent arrive whole, from one piece and from several", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  for (let buffer = 0; buffer < 8; buffer++) ring.provide(buffer);
  const offset = ring.info(abi.INFO_WRITE_OFFSET);
  ring.send(one, offset, t.put(offset, "hello"), 1, 0);
  ring.receive(other, abi.GROUP_SMALL, 0, 2, 0);
  assert.equal(t.waitFor(1).result, 5);
  assert.equal(t.text(t.waitFor(2), 4096), "hello");

  const words = ["a", "bc", "def", "ghij"];
  const vector = ring.sendVector(one, words.length, 3, 0);
  for (const [index, word] of words.entries()) {
    ring.setPiece(vector, index, offset + index * 100, t.put(offset + index * 100, word));
  }
  ring.receive(other, abi.GROUP_SMALL, abi.COMMAND_FLAG_POLL_FIRST, 4, 0);
  assert.equal(t.waitFor(3).result, 10);
  assert.equal(t.text(t.waitFor(4), 4096), "abcdefghij");
  ring.closeRing();
});

test("a multishot receive completes for each arrival, then for the end", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  for (let buffer = 0; buffer < 8; buffer++) ring.provide(buffer);
  ring.receiveMultishot(other, abi.GROUP_SMALL, 0, 0, 2, 7);
  const offset = ring.info(abi.INFO_WRITE_OFFSET);
  for (const word of ["one", "two", "three"]) {
    ring.send(one, offset, t.put(offset, word), 1, 0);
    t.waitFor(1);
    const arrival = t.waitFor(2);
    assert.equal(t.text(arrival, 4096), word);
    assert.equal(arrival.generation, 7);
    assert.ok(arrival.flags & abi.COMPLETION_FLAG_MORE);
  }
  ring.shutdown(one, 1, 3, 0);
  const end = t.waitFor(2);
  assert.equal(end.result, 0);
  assert.equal(end.flags & abi.COMPLETION_FLAG_MORE, 0);
  t.expectQuiet();
  ring.closeRing();
});

test("a receive without a provided buffer completes with ENOBUFS, and with bytes once there is one", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  const offset = ring.info(abi.INFO_WRITE_OFFSET);
  ring.send(one, offset, t.put(offset, "late"), 1, 0);
  t.waitFor(1);
  ring.receiveMultishot(other, abi.GROUP_SMALL, 0, 0, 2, 0);
  assert.equal(t.waitFor(2).result, -abi.ENOBUFS);
  ring.provide(3);
  ring.receiveMultishot(other, abi.GROUP_SMALL, 0, 0, 2, 0);
  const arrival = t.waitFor(2);
  assert.equal(arrival.flags >>> abi.COMPLETION_FLAG_BUFFER_SHIFT, 3);
  assert.equal(t.text(arrival, 4096), "late");
  ring.closeRing();
});

test("a buffer is not provided twice", async () => {
  const { ring, t } = await opened();
  ring.provide(0);
  t.turn();
  ring.provide(0);
  assert.equal(t.collect(1)[0]?.result, -abi.EINVAL);
  ring.closeRing();
});

test("cancelling ends what it names, and nothing if it is gone", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  for (let buffer = 0; buffer < 8; buffer++) ring.provide(buffer);
  ring.receiveMultishot(one, abi.GROUP_SMALL, 0, 0, 1, 1);
  ring.receiveMultishot(other, abi.GROUP_SMALL, 0, 0, 1, 2);
  ring.cancel(abi.OPERATION_RECEIVE_MULTISHOT, 1, 2);
  const cancelled = t.waitFor(1);
  assert.deepEqual([cancelled.result, cancelled.generation], [-abi.ECANCELED, 2]);
  ring.cancel(abi.OPERATION_RECEIVE_MULTISHOT, 1, 2);
  assert.equal(t.collect(1)[0]?.result, -abi.ENOENT);
  t.expectQuiet();
  ring.closeRing();
});

test("commands of one turn run in their order, more of them than the submission queue holds", async () => {
  const { ring, t } = await opened({ submissionEntries: 2 });
  for (let slot = 0; slot < 60; slot++) ring.nop(slot, 0);
  assert.deepEqual(
    t.collect(60).map(({ slot }) => slot),
    Array.from({ length: 60 }, (_, slot) => slot),
  );
  assert.ok(ring.counters().submissionQueueFull > 0);
  ring.closeRing();
});

test("a full command queue is submitted in the middle of a turn, in order", async () => {
  const { ring, t } = await opened({ commandCapacity: 8, submissionEntries: 4 });
  for (let slot = 0; slot < 500; slot++) ring.nop(slot, 0);
  assert.deepEqual(
    t.collect(500).map(({ slot }) => slot),
    Array.from({ length: 500 }, (_, slot) => slot),
  );
  assert.equal(ring.hasCommands, false);
  ring.closeRing();
});

test("completions beyond the completion queue are kept and handed over in order", async () => {
  const { ring, t } = await opened({ submissionEntries: 4, completionEntries: 4, completionCapacity: 8 });
  for (let slot = 0; slot < 64; slot++) ring.nop(slot, 0);
  assert.deepEqual(
    t.collect(64).map(({ slot }) => slot),
    Array.from({ length: 64 }, (_, slot) => slot),
  );
  assert.ok(ring.counters().overflows > 0);
  assert.equal(ring.overflows, ring.counters().overflows);
  t.expectQuiet();
  ring.closeRing();
});

test("commands that the kernel does not take wait, in order, and none is lost or doubled", async () => {
  // The kernel refuses to take anything (EBUSY) for a while; a real one can't be made to.
  let refusing = true;
  const real = (await loadLibrary()).functions;
  const { ring, t } = await opened(
    { commandCapacity: 8 },
    {
      ringway_submit: (handle, count) => (refusing ? count : real.ringway_submit(handle, count)),
      ringway_enter: (handle, count, minimum, timeoutUs) => {
        if (!refusing) return real.ringway_enter(handle, count, minimum, timeoutUs);
        const area = runtime.map(real.ringway_ring_address(handle, abi.AREA_COMMANDS), abi.HEADER_WORDS * 4);
        new Int32Array(area)[abi.HEADER_LEFTOVER] = count;
        return 0;
      },
    },
  );
  for (let slot = 0; slot < 30; slot++) ring.nop(slot, 0);
  assert.equal(ring.hasCommands, true);
  assert.deepEqual(t.turn(), []);
  for (let slot = 30; slot < 35; slot++) ring.nop(slot, 0);
  assert.deepEqual(t.turn(), []);
  // A command of several records does not come apart.
  const vector = ring.sendVector(99, 16, 35, 0);
  for (let piece = 0; piece < 16; piece++) ring.setPiece(vector, piece, piece, 1);
  for (let slot = 36; slot < 60; slot++) ring.nop(slot, 0);
  assert.deepEqual(t.turn(), []);
  assert.equal(ring.hasCommands, true);
  refusing = false;
  const slots = t.collect(60).map(({ slot }) => slot);
  // The refused vector completes before the rest of its turn does, as it never reaches the kernel.
  assert.deepEqual(
    slots.filter((slot) => slot !== 35),
    Array.from({ length: 60 }, (_, slot) => slot).filter((slot) => slot !== 35),
  );
  assert.ok(slots.includes(35));
  assert.equal(ring.hasCommands, false);
  t.expectQuiet();
  ring.closeRing();
});

test("a timeout completes when its time is over, and a wait ends at its own", async () => {
  const { ring, t } = await opened();
  const startMs = ring.readClock();
  ring.timeout(15_000, 1, 0);
  assert.equal(t.waitFor(1).result, -abi.ETIME);
  assert.ok(ring.nowMs - startMs >= 15);
  const waitedMs = ring.readClock();
  assert.deepEqual(t.turn(1, 10_000), []);
  assert.ok(ring.nowMs - waitedMs >= 10);
  ring.closeRing();
});

test("the clock goes on, and the time of a turn is the one at its end", async () => {
  const { ring, t } = await opened();
  const before = ring.readClock();
  t.turn();
  assert.ok(ring.nowMs >= before);
  assert.ok(ring.readClock() >= ring.nowMs);
  ring.closeRing();
});

test("another thread wakes a waiting ring", async () => {
  const { ring, t } = await opened();
  const worker = new Worker(new URL("./test_wake_worker.ts", import.meta.url), { type: "module" });
  try {
    await nextMessage(worker);
    ring.wake(1, 0);
    ask(worker, { libraryPath: t.library.path, handle: ring.handle, enters: false });
    assert.equal(t.waitFor(1).operation, abi.OPERATION_WAKE);
    assert.equal(await nextMessage(worker), true);
    // Once: it is to be queued again.
    assert.equal(wakeRing(t.library, ring.handle), true);
    t.expectQuiet();
    ring.wake(2, 0);
    t.waitFor(2);
  } finally {
    worker.terminate();
  }
  ring.closeRing();
  assert.equal(wakeRing(t.library, ring.handle), false);
});

test("another thread can't enter a ring", async () => {
  const { ring, t } = await opened();
  const worker = new Worker(new URL("./test_wake_worker.ts", import.meta.url), { type: "module" });
  try {
    await nextMessage(worker);
    ask(worker, { libraryPath: t.library.path, handle: ring.handle, enters: true });
    assert.equal(await nextMessage(worker), -abi.EPERM);
  } finally {
    worker.terminate();
  }
  ring.closeRing();
});

function ask(worker: Worker, request: WakeRequest): void {
  worker.postMessage(request);
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

test("the runtime's loop hears of completions", async () => {
  const { ring, t } = await opened();
  const [one] = t.pair();
  let heard = 0;
  let notify = () => {};
  const watch = ring.watch(() => {
    heard++;
    notify();
  });
  const next = () =>
    new Promise<void>((resolve) => {
      notify = resolve;
    });
  for (const delayUs of [1000, 2000]) {
    const called = next();
    ring.timeout(delayUs, 1, 0);
    t.turn();
    await called;
    assert.equal(t.waitFor(1).result, -abi.ETIME);
  }
  const rest = () => new Promise((resolve) => setTimeout(resolve, 10));
  watch.mute(true);
  // One completion may be heard of twice.
  await rest();
  const beforeMuted = heard;
  ring.nop(1, 0);
  t.waitFor(1);
  await rest();
  assert.equal(heard, beforeMuted, "muted");
  watch.mute(false);
  const called = next();
  ring.nop(1, 0);
  t.turn();
  await called;
  await watch.stop();
  const before = heard;
  ring.nop(1, 0);
  t.waitFor(1);
  ring.close(one);
  t.turn();
  await rest();
  assert.equal(heard, before);
  ring.closeRing();
});

test("sockets have names, options and pending errors", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  assert.deepEqual(ring.socketName(one, true), ring.socketName(other, false));
  assert.deepEqual(ring.socketName(one, false), ring.socketName(other, true));
  assert.equal(ring.socketOption(one, abi.SOCKET_OPTION_NO_DELAY), 1);
  assert.equal(ring.setSocketOption(one, abi.SOCKET_OPTION_KEEP_ALIVE, 1), 0);
  assert.equal(ring.socketOption(one, abi.SOCKET_OPTION_KEEP_ALIVE), 1);
  assert.equal(ring.setSocketOption(one, 999, 1), -abi.EINVAL);
  assert.equal(ring.socketError(one), 0);
  ring.pollMultishot(one, POLLIN, 1, 0);
  ring.reset(other);
  while (((t.waitFor(1).result as number) & 0x8) === 0);
  assert.equal(ring.socketError(one), abi.ECONNRESET);
  assert.equal(ring.socketError(one), 0);
  ring.closeRing();
});

test("the ring counts the descriptors that it owns, and closes them with itself", async () => {
  const { ring, t } = await opened();
  const [one, other] = t.pair();
  assert.equal(t.openDescriptors, 2);
  ring.close(one);
  t.turn();
  assert.equal(t.openDescriptors, 1);
  // Its number may already be in use elsewhere.
  ring.close(one);
  assert.equal(t.collect(1)[0]?.result, -abi.EBADF);
  assert.ok(other >= 0);
  ring.closeRing();
  assert.ok(t.library.functions.ringway_socket_get(other, abi.SOCKET_OPTION_FAILURE) < 0);
});

test("a closed ring can be closed again, and entering it is an error", async () => {
  const { ring } = await opened();
  ring.closeRing();
  ring.closeRing();
  assert.throws(
    () => ring.enter(0, 0),
    (error) => error instanceof RingError && error.code === "ERR_RING_ENTER",
  );
});

test("an operation by its number completes with its words, and one of connections is refused", async () => {
  const { ring, t } = await opened();
  ring.queueOperation({ operation: abi.OPERATION_DELAY, b: 1_000_000 }, 1, 5);
  const { operation, generation, result } = t.waitFor(1);
  assert.deepEqual([operation, generation, result], [abi.OPERATION_DELAY, 5, -abi.ETIME]);
  const memory = ring.openOperations(8192);
  assert.equal(memory.length, 8192);
  assert.throws(() => ring.openOperations(8192), RingError);
  const path = new TextEncoder().encode("/dev/zero\0");
  memory.set(path, 100);
  const open = { operation: abi.OPERATION_OPEN_FILE, a: 100, b: path.length, c: abi.OPEN_FLAG_READ, words: [0] };
  ring.queueOperation(open, 1, 0);
  const descriptor = t.waitFor(1).result;
  assert.ok(descriptor >= 0);
  memory.fill(1);
  const read = { operation: abi.OPERATION_READ_FILE, descriptor, a: 200, b: 10, words: [0, 0] };
  ring.queueOperation(read, 1, 0);
  assert.equal(t.waitFor(1).result, 10);
  assert.deepEqual([...memory.subarray(199, 211)], [1, ...new Array<number>(10).fill(0), 1]);
  for (const refused of [abi.OPERATION_POLL_WRITABLE, abi.OPERATION_DELAY + 1, 256, -1, Number.NaN]) {
    assert.throws(() => ring.queueOperation({ operation: refused }, 1, 0), RangeError);
  }
  assert.equal(ring.hasCommands, false);
  ring.closeRing();
  assert.equal(memory[0], 0);
});
