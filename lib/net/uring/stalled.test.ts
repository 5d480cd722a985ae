/** Peers that do not read, more of them than there are buffers: others are served all the same, and no byte is lost. */
import assert from "node:assert/strict";
import { ByteStream, text } from "../conformance/bytes.ts";
import type { Scene, Side } from "../conformance/scene.ts";
import type { UringDriver } from "./driver.ts";
import { type UringHarnessOptions, uringTest } from "./test_harness.ts";

const FEW: UringHarnessOptions = {
  ring: {
    smallBuffers: { count: 16, bytes: 4096 },
    bulkBuffers: { count: 2, bytes: 65536 },
    writeBuffers: { count: 2, bytes: 16384 },
  },
  // The bytes that arrive fill the buffers long before they fill the watermark.
  connection: { writeHighWatermarkBytes: 1 << 20, writeLowWatermarkBytes: 1 << 19 },
};
const STALLED = 8;
/** More than the kernel takes for a reader that has never read. */
const MANY_BYTES = 16 * 1024 * 1024;

/** A reader that does not read, behind a relay: what arrives for it is written on as it comes. */
interface Stalled {
  readonly source: Side;
  readonly reader: Side;
  readonly incoming: ByteStream;
  readonly outgoing: ByteStream;
}

async function stalledRelay(scene: Scene, seed: number, bytesAhead: number): Promise<Stalled> {
  const source = await scene.pair();
  const target = await scene.pair();
  if (bytesAhead > 0) target.client.connection.writeBytes(new Uint8Array(bytesAhead));
  const reader = target.server;
  const incoming = new ByteStream(seed);
  reader.recorder.reactions = {
    data: (_connection, lease) => {
      incoming.check(lease.bytes());
      lease.release();
    },
  };
  source.server.recorder.reactions = {
    data: (connection, lease) => {
      if (!target.client.connection.write(lease)) connection.pauseReading();
    },
    end: () => target.client.connection.shutdownWrite(),
    close: () => target.client.connection.reset(),
  };
  target.client.recorder.reactions = { drain: () => source.server.connection.resumeReading() };
  reader.connection.pauseReading();
  return { source: source.client, reader, incoming, outgoing: new ByteStream(seed) };
}

/**
 * Relays whose readers have stopped, each with far more bytes under way than the kernel takes, behind some that are
 * the relay's own, and lie in no buffer of the ring.
 */
async function stall(scene: Scene, count = STALLED, bytesAhead = 0): Promise<Stalled[]> {
  const relays: Stalled[] = [];
  for (let seed = 0; seed < count; seed++) relays.push(await stalledRelay(scene, seed, bytesAhead));
  for (const { source, outgoing } of relays) source.connection.writeBytes(outgoing.take(MANY_BYTES));
  return relays;
}

/** Nothing moves any more, as no reader reads. */
async function untilNothingMoves(scene: Scene, relays: readonly Stalled[]): Promise<void> {
  let last = "";
  for (let same = 0; same < 3; same++) {
    const now = JSON.stringify(relays.map(({ source }) => source.connection.queuedBytes));
    if (now !== last) same = 0;
    last = now;
    // Longer than the intervals at which connections are made to give way.
    for (let round = 0; round < 3; round++) await scene.quiet();
  }
}

async function expectOthersAreServed(scene: Scene): Promise<void> {
  const { client, server } = await scene.pair({
    server: { data: (connection, lease) => connection.write(lease) },
  });
  for (let round = 1; round <= 5; round++) {
    client.connection.writeBytes(text("hello"));
    await scene.until(() => client.recorder.byteCount === 5 * round, "an echo beside stalled connections");
  }
  client.connection.reset();
  await scene.untilClosed(client, server);
}

for (const waiting of ["parked", "bridged"] as const) {
  uringTest(
    `stalled readers leave others their buffers, and get every byte when they go on, ${waiting}`,
    { ...FEW, waiting },
    async (scene) => {
      const relays = await stall(scene);
      await expectOthersAreServed(scene);
      for (const { source, reader } of relays) {
        source.connection.shutdownWrite();
        reader.connection.resumeReading();
      }
      await scene.until(() => relays.every(({ reader }) => reader.recorder.has("end")), "the ends");
      for (const { incoming, outgoing } of relays) assert.equal(incoming.position, outgoing.position);
    },
  );
}

/** No source is held back: more and more arrives for a reader that does not read. */
const PATIENT_SOURCES: UringHarnessOptions = {
  ...FEW,
  connection: { writeHighWatermarkBytes: 1 << 28, writeLowWatermarkBytes: 1 << 27 },
};

uringTest("buffers behind bytes of a program's own are given back too", PATIENT_SOURCES, async (scene) => {
  // As many as there are buffers to write from, so that the send of each is with the kernel.
  await stall(scene, 2, MANY_BYTES);
  for (let round = 0; round < 3; round++) await expectOthersAreServed(scene);
});

uringTest("a stalled reader that sends FIN costs no turns while it is waited for", FEW, async (scene, { driver }) => {
  const relays = await stall(scene);
  await expectOthersAreServed(scene);
  for (const { reader } of relays) reader.connection.shutdownWrite();
  await untilNothingMoves(scene, relays);
  const before = driver.ring.counters().enters;
  const startMs = driver.ring.readClock();
  while (driver.ring.readClock() - startMs < 300) driver.turn(100);
  const turns = driver.ring.counters().enters - before;
  // A loop that does not wait has some hundred thousand.
  assert.ok(turns < 1000, `${turns} turns in 300 ms`);
});

uringTest("a stalled reader's reset is passed on, and its bytes are dropped", FEW, async (scene, { driver }) => {
  const relays = await stall(scene);
  await expectOthersAreServed(scene);
  for (const { reader } of relays) reader.connection.reset();
  await scene.until(() => driver.connectionCount <= 2 * STALLED + 2, "the relays' outgoing sides to end");
  for (const { source } of relays) source.connection.reset();
});

uringTest(
  "closing towards a stalled reader gives up after the write timeout",
  { ...FEW, connection: { ...FEW.connection, writeTimeoutMs: 200 } },
  async (scene) => {
    const pairs: { client: Side; server: Side }[] = [];
    for (let index = 0; index < STALLED; index++) pairs.push(await scene.pair());
    for (const { client, server } of pairs) {
      server.connection.pauseReading();
      client.connection.writeBytes(new Uint8Array(MANY_BYTES));
    }
    await expectOthersAreServed(scene);
    for (const { client } of pairs) client.connection.close();
    await scene.untilClosed(...pairs.map(({ client }) => client));
    for (const { client } of pairs) assert.ok(client.recorder.errno > 0, "not everything was sent");
  },
);

uringTest(
  "stalled readers give bulk buffers back even if nobody waits for one",
  { ...FEW, ring: { ...FEW.ring, smallBuffers: { count: 512, bytes: 4096 } } },
  async (scene, { driver }) => {
    const relays = await stall(scene);
    await scene.until(() => driver.isBulkExhausted, "the bulk buffers to be used up");
    await scene.until(() => bulkLeased(driver) <= 1, "one of two bulk buffers to be free");
    for (const { source } of relays) source.connection.reset();
  },
);

function bulkLeased(driver: UringDriver): number {
  return driver.pool.usage()[1]?.leased ?? 0;
}
