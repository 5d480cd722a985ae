import assert from "node:assert/strict";
import { test } from "node:test";
import { ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EMFILE, ENETUNREACH, ENFILE, ETIMEDOUT } from "../../../ffi/abi.ts";
import type { SocketAddress } from "../address.ts";
import type { Faults } from "./faults.ts";
import { Bench, LOOPBACK, pattern } from "./test_support.ts";

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

/** Let a client send to a server that only reads, with faults; what became of it. */
async function upload(seed: number, faults: Partial<Faults>, length = 100_000) {
  const bench = new Bench({ seed }, { connection: { writeTimeoutMs: 0 } });
  bench.network.faults.set(faults);
  const listener = await bench.listen(LOOPBACK, { end: (connection) => connection.shutdownWrite() });
  const client = bench.connect(listener.address);
  client.connection.writeBytes(pattern(length));
  client.connection.shutdownWrite();
  const startMs = bench.network.nowMs;
  bench.network.runUntilIdle();
  const server = bench.accepted[0];
  return { bench, client, server, durationMs: bench.network.nowMs - startMs };
}

test("without faults everything arrives", async () => {
  for (const seed of SEEDS) {
    const { bench, client, server } = await upload(seed, {});
    assert.deepEqual(server?.recorder.bytes(), pattern(100_000));
    assert.deepEqual([client.recorder.errno, server?.recorder.errno], [0, 0]);
    bench.network.assertNoLeaks();
  }
});

test("a connect is refused though somebody listens", async () => {
  const { client, server } = await upload(1, { connectRefusedProbability: 1 });
  assert.deepEqual(client.recorder.events, ["close"]);
  assert.equal(client.recorder.errno, ECONNREFUSED);
  assert.equal(server, undefined);
});

test("a connect hangs until it times out, or for ever if it may", async () => {
  const { client, durationMs } = await upload(1, { connectHangProbability: 1 });
  assert.equal(client.recorder.errno, ETIMEDOUT);
  assert.ok(durationMs >= 127_000);

  const bench = new Bench({ connectTimeoutMs: 0 });
  bench.network.faults.set({ connectHangProbability: 1 });
  const listener = await bench.listen();
  const hanging = bench.connect(listener.address);
  bench.network.runUntilIdle();
  assert.deepEqual(hanging.recorder.events, []);
  hanging.connection.reset();
  bench.network.runUntilIdle();
  assert.deepEqual(hanging.recorder.closes, [0]);
});

test("a connect fails with one of the errnos that are given", async () => {
  const seen = new Set<number>();
  for (const seed of SEEDS) {
    const { client } = await upload(seed, {
      connectErrorProbability: 1,
      connectErrnos: [EHOSTUNREACH, ENETUNREACH],
    });
    seen.add(client.recorder.errno);
  }
  assert.deepEqual([...seen].sort(), [ENETUNREACH, EHOSTUNREACH].sort());
});

test("a fault at an address is one there alone, and goes before what holds in general", async () => {
  const bench = new Bench();
  const bad: SocketAddress = { family: "ipv4", host: "127.0.0.1", port: 81 };
  const good: SocketAddress = { family: "ipv4", host: "127.0.0.1", port: 82 };
  bench.network.faults.set({ connectRefusedProbability: 1 }, bad);
  bench.network.faults.set({ connectRefusedProbability: 0 }, good);
  bench.network.faults.set({ connectRefusedProbability: 1 });
  await bench.listen(bad);
  await bench.listen(good);
  const refused = bench.connect(bad);
  const connected = bench.connect(good);
  bench.network.runUntilIdle();
  assert.deepEqual(refused.recorder.events, ["close"]);
  assert.deepEqual(connected.recorder.events, ["connect"]);
  bench.network.faults.clear();
  const later = bench.connect(bad);
  bench.network.runUntilIdle();
  assert.deepEqual(later.recorder.events, ["connect"]);
});

test("a connection is reset after so many bytes, which both sides see and no more bytes pass", async () => {
  const delivered = new Set<number>();
  for (const seed of SEEDS) {
    const faults = { resetAfterBytesProbability: 1, resetAfterMaximumBytes: 50_000 };
    const { bench, client, server } = await upload(seed, faults);
    assert.equal(client.recorder.errno, ECONNRESET);
    assert.equal(server?.recorder.errno, ECONNRESET);
    const bytes = server.recorder.bytes();
    assert.ok(bytes.length <= 50_000);
    assert.deepEqual(bytes, pattern(bytes.length));
    delivered.add(bytes.length);
    bench.network.assertNoLeaks();
  }
  assert.ok(delivered.size > 10);
});

test("a connection is reset at some moment, also when nothing is sent on it", async () => {
  for (const seed of SEEDS) {
    const bench = new Bench({ seed });
    bench.network.faults.set({ resetProbability: 1, resetAfterMaximumMs: 5000 });
    const listener = await bench.listen();
    const client = bench.connect(listener.address);
    const startMs = bench.network.nowMs;
    bench.network.runUntilIdle();
    assert.equal(client.recorder.errno, ECONNRESET);
    assert.deepEqual(bench.accepted[0]?.recorder.closes, [ECONNRESET]);
    assert.ok(bench.network.nowMs - startMs < 5100);
  }
});

test("accepting fails for a while, says so at each try, rests longer each time, and resumes by itself", async () => {
  const bench = new Bench();
  const listener = await bench.listen();
  bench.network.faults.set({ acceptErrorProbability: 1, acceptErrorMaximumMs: 300 }, listener.address);
  const client = bench.connect(listener.address);
  bench.network.run(() => bench.acceptErrors.length > 0);
  bench.network.faults.clear();
  bench.network.run(() => bench.accepted.length > 0);
  assert.equal(client.recorder.has("close"), false);
  assert.ok(bench.acceptErrors.every(({ errno }) => errno === EMFILE));
  const gaps = bench.acceptErrors
    .map(({ atMs }, index) => atMs - (bench.acceptErrors[index - 1]?.atMs ?? atMs))
    .slice(1);
  for (const [index, gap] of gaps.entries()) assert.ok(gap >= 20 * 2 ** index, `${gaps}`);
});

test("after accepting has worked again, a failure makes it rest for as long as the first one", async () => {
  const bench = new Bench();
  const listener = await bench.listen();
  for (let round = 0; round < 2; round++) {
    bench.acceptErrors.length = 0;
    bench.network.faults.set({ acceptErrorProbability: 1 });
    bench.connect(listener.address);
    bench.network.run(() => bench.acceptErrors.length === 4);
    const [first, second] = bench.acceptErrors;
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) < 40);
    bench.network.faults.clear();
    bench.network.run(() => bench.accepted.length === round + 1);
  }
});

test("accepting fails with the errno that is given", async () => {
  const bench = new Bench();
  bench.network.faults.set({ acceptErrorProbability: 1, acceptErrorMaximumMs: 1, acceptErrno: ENFILE });
  const listener = await bench.listen();
  bench.connect(listener.address);
  bench.network.run(() => bench.acceptErrors.length > 2);
  assert.ok(bench.acceptErrors.every(({ errno }) => errno === ENFILE));
});

test("a pause while accepting rests holds, and resuming accepts", async () => {
  const bench = new Bench();
  bench.network.faults.set({ acceptErrorProbability: 1, acceptErrorMaximumMs: 1 });
  const listener = await bench.listen();
  bench.connect(listener.address);
  bench.network.run(() => bench.acceptErrors.length > 0);
  bench.network.faults.clear();
  listener.pause();
  bench.network.runUntilIdle();
  assert.equal(bench.accepted.length, 0);
  listener.resume();
  bench.network.runUntilIdle();
  assert.equal(bench.accepted.length, 1);
});

test("a reader that stalls holds its sender back, and what was sent arrives after all", async () => {
  for (const seed of SEEDS) {
    const bench = new Bench({ seed, capacityBytes: 10_000 }, { connection: { writeTimeoutMs: 0 } });
    bench.network.faults.set({
      readerStallProbability: 1,
      readerStallAfterMaximumBytes: 1000,
      readerStallMaximumMs: 60_000,
    });
    const { client, server } = await bench.pair({}, { end: (connection) => connection.shutdownWrite() });
    client.connection.writeBytes(pattern(100_000));
    client.connection.shutdownWrite();
    bench.network.run(() => bench.network.trace.some((line) => line.includes("stalls for")));
    const stalledAt = server.recorder.byteCount;
    while (bench.network.step());
    assert.ok(client.connection.queuedBytes >= 100_000 - 10_000 - stalledAt);
    assert.ok(server.recorder.byteCount <= stalledAt + 1);
    bench.network.runUntilIdle();
    assert.deepEqual(server.recorder.bytes(), pattern(100_000));
    assert.deepEqual(client.recorder.closes, [0]);
  }
});

test("a close gives up on a reader that stalls for ever when the write timeout is over", async () => {
  const bench = new Bench({ capacityBytes: 1000 }, { connection: { writeTimeoutMs: 500 } });
  bench.network.faults.set({
    readerStallProbability: 1,
    readerStallAfterMaximumBytes: 0,
    readerStallMaximumMs: Number.POSITIVE_INFINITY,
  });
  const { client, server } = await bench.pair();
  client.connection.writeBytes(pattern(5000));
  client.connection.close();
  const startMs = bench.network.nowMs;
  bench.network.runUntilIdle();
  assert.deepEqual(client.recorder.closes, [ETIMEDOUT]);
  assert.ok(bench.network.nowMs - startMs < 600);
  assert.deepEqual(server.recorder.closes, [ECONNRESET]);
});

test("a slow link takes its time, and is in order", async () => {
  const { server, durationMs } = await upload(1, { slowLinkProbability: 1, slowLinkBytesPerMs: 10 });
  assert.deepEqual(server?.recorder.bytes(), pattern(100_000));
  assert.ok(durationMs >= 10_000, `${durationMs}`);
  const { durationMs: fastMs } = await upload(1, {});
  assert.ok(fastMs < 1000, `${fastMs}`);
});

test("receives that find no buffer are late, and nothing is lost", async () => {
  const { bench, server, durationMs } = await upload(1, { noBuffersProbability: 0.5, noBuffersMaximumMs: 100 });
  assert.deepEqual(server?.recorder.bytes(), pattern(100_000));
  assert.ok(bench.network.trace.some((line) => line.includes("has no buffer")));
  assert.ok(durationMs > 50);
});

test("a receive that never finds a buffer sees a reset all the same", async () => {
  for (const seed of SEEDS) {
    const bench = new Bench({ seed });
    bench.network.faults.set({ noBuffersProbability: 1, noBuffersMaximumMs: Number.POSITIVE_INFINITY });
    const { client, server } = await bench.pair();
    client.connection.writeBytes(pattern(100));
    bench.network.run(() => client.connection.queuedBytes === 0);
    client.connection.reset();
    bench.network.runUntilIdle();
    assert.deepEqual(server.recorder.events, ["close"]);
  }
});
