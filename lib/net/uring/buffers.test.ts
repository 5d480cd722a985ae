/** Buffers that run out: who waits, who comes first, and that nobody is forgotten. */
import assert from "node:assert/strict";
import { GROUP_BULK } from "../../../ffi/abi.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { ByteStream, text } from "../conformance/bytes.ts";
import type { Scene, Side } from "../conformance/scene.ts";
import type { UringDriver } from "./driver.ts";
import { inScene, uringTest } from "./test_harness.ts";

const FEW = { smallBuffers: { count: 4, bytes: 4096 }, bulkBuffers: { count: 0, bytes: 0 } };

/** Connections whose readers keep what they get, in the order of its arrival. */
async function keepers(scene: Scene, count: number): Promise<{ clients: Side[]; servers: Side[]; kept: Kept[] }> {
  const kept: Kept[] = [];
  const acceptor = await scene.listen();
  const clients: Side[] = [];
  for (let index = 0; index < count; index++) {
    const { client, server } = await scene.pairOn(acceptor);
    server.recorder.reactions = { data: (_connection, lease) => kept.push({ index, lease }) };
    clients.push(client);
  }
  return { clients, servers: acceptor.accepted, kept };
}

interface Kept {
  readonly index: number;
  readonly lease: Lease;
}

function starvedIndexes(driver: UringDriver, servers: readonly Side[]): number[] {
  return driver.starved.map((starved) => servers.findIndex(({ connection }) => connection === starved));
}

uringTest(
  "connections that find no buffer resume in the order in which they found none",
  { ring: FEW },
  async (scene, { driver }) => {
    const { clients, servers, kept } = await keepers(scene, 12);
    for (const { connection } of clients) connection.writeBytes(text("x"));
    await scene.until(() => kept.length === 4 && driver.starved.length === 8, "four leases and eight in line");
    const line = starvedIndexes(driver, servers);
    assert.deepEqual(
      [...line, ...kept.map(({ index }) => index)].sort((a, b) => a - b),
      [...clients.keys()],
    );
    for (let next = 0; next < 8; next++) {
      kept[next]?.lease.release();
      await scene.until(() => kept.length === 5 + next, "one more lease");
      for (let turn = 0; turn < 5; turn++) driver.turn(1);
      assert.equal(kept.length, 5 + next);
    }
    assert.deepEqual(
      kept.slice(4).map(({ index }) => index),
      line,
    );
    for (const { lease } of kept.slice(8)) lease.release();
  },
);

for (const ending of ["close", "reset", "pauseReading"] as const) {
  uringTest(
    `a connection that waits for a buffer and is told to ${ending} lets the next one go first`,
    { ring: FEW },
    async (scene, { driver }) => {
      const { clients, servers, kept } = await keepers(scene, 7);
      for (const { connection } of clients) connection.writeBytes(text("x"));
      await scene.until(() => driver.starved.length === 3, "three in line");
      const line = starvedIndexes(driver, servers);
      for (const index of line.slice(0, 2)) servers[index]?.connection[ending]();
      kept[0]?.lease.release();
      await scene.until(() => kept.length === 5, "the third in line to have its bytes");
      assert.equal(kept[4]?.index, line[2]);
      for (const { lease } of kept.splice(1)) lease.release();
      if (ending !== "pauseReading") return;
      for (const index of line.slice(0, 2)) servers[index]?.connection.resumeReading();
      await scene.until(() => kept.length === 3, "those that were paused to have theirs");
      for (const { lease } of kept.splice(1)) lease.release();
    },
  );
}

uringTest("many connections share very few buffers", { ring: FEW }, async (scene, { driver }) => {
  const acceptor = await scene.listen("ipv4", {
    data: (connection, lease) => {
      connection.write(lease);
    },
    end: (connection) => connection.shutdownWrite(),
  });
  const clients = Array.from({ length: 60 }, (_, index) => {
    const incoming = new ByteStream(index);
    const client = scene.connect(acceptor.listener, {
      data: (_connection, lease) => {
        incoming.check(lease.bytes());
        lease.release();
      },
    });
    client.connection.writeBytes(new ByteStream(index).take(40_000));
    client.connection.shutdownWrite();
    return { client, incoming };
  });
  await scene.untilClosed(...clients.map(({ client }) => client));
  assert.ok(clients.every(({ incoming }) => incoming.position === 40_000));
  assert.equal(driver.starved.length, 0);
});

uringTest(
  "a connection that waits for a write buffer and ends lets the next one go first",
  { ring: { writeBuffers: { count: 1, bytes: 65536 } }, connection: { writeTimeoutMs: 0 } },
  async (scene, { driver }) => {
    const blocked = await scene.pair();
    blocked.server.connection.pauseReading();
    const waiting = [await scene.pair(), await scene.pair(), await scene.pair()] as const;
    blocked.client.connection.write(leaseBytes(new Uint8Array(30_000_000)));
    // The only write buffer is with the kernel, for a peer that does not read.
    let queued = -1;
    while (queued !== blocked.client.connection.queuedBytes) {
      queued = blocked.client.connection.queuedBytes;
      for (let turn = 0; turn < 20; turn++) driver.turn(1);
    }
    assert.ok(queued > 0);
    for (const { client } of waiting) client.connection.writeBytes(text("my turn"));
    for (let turn = 0; turn < 5; turn++) driver.turn(1);
    waiting[0].client.connection.reset();
    waiting[1].client.connection.reset();
    blocked.client.connection.reset();
    await scene.until(() => waiting[2].server.recorder.byteCount === 7, "the last in line to send");
  },
);

uringTest(
  "a busy connection moves to bulk buffers, and back when little comes",
  { ring: { smallBuffers: { count: 64, bytes: 1024 } } },
  async (scene) => {
    const sizes: number[] = [];
    const { client } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          sizes.push(lease.length);
          lease.release();
        },
      },
    });
    client.connection.writeBytes(new Uint8Array(3_000_000));
    await scene.until(() => sizes.reduce((sum, size) => sum + size, 0) === 3_000_000, "all bytes");
    assert.ok(
      sizes.some((size) => size > 1024),
      "bulk buffers were used",
    );
    sizes.length = 0;
    for (let i = 1; i <= 10; i++) {
      client.connection.writeBytes(text("x"));
      await scene.until(() => sizes.length === i, "a small message");
    }
    const before = sizes.length;
    client.connection.writeBytes(new Uint8Array(1500));
    await scene.until(() => sizes.slice(before).reduce((sum, size) => sum + size, 0) === 1500, "a larger message");
    assert.ok(
      sizes.slice(before).every((size) => size <= 1024),
      "small buffers are used again",
    );
  },
);

uringTest(
  "bulk connections use small buffers while all bulk ones are taken",
  { ring: { smallBuffers: { count: 64, bytes: 1024 }, bulkBuffers: { count: 1, bytes: 32768 } } },
  async (scene, { driver }) => {
    const pairs = await Promise.all([scene.pair(), scene.pair(), scene.pair()]);
    const kept: Lease[] = [];
    const streams = pairs.map(({ client, server }, index) => {
      const incoming = new ByteStream(index);
      server.recorder.reactions = {
        data: (_connection, lease) => {
          incoming.check(lease.bytes());
          // Whoever gets the bulk buffer keeps it for a while.
          if (lease.length > 1024 && kept.length === 0) kept.push(lease);
          else lease.release();
        },
      };
      client.connection.writeBytes(new ByteStream(index).take(2_000_000));
      return incoming;
    });
    await scene.until(() => streams.every(({ position }) => position === 2_000_000), "all bytes");
    assert.equal(kept.length, 1);
    assert.equal(driver.isBulkExhausted, true);
    kept[0]?.release();
    assert.equal(driver.isBulkExhausted, false);
  },
);

uringTest(
  "buffers that joined for a peak leave again, and their memory with them",
  { ring: { smallBuffers: { count: 512, bytes: 4096 } } },
  async (scene, { driver }) => {
    const circulating = () => driver.pool.usage()[0]?.circulating;
    const initially = circulating();
    const { clients, kept } = await keepers(scene, 150);
    for (const { connection } of clients) connection.writeBytes(text("peak"));
    await scene.until(() => kept.length === 150, "all connections' bytes");
    assert.ok((circulating() ?? 0) >= 150);
    for (const { lease } of kept) lease.release();
    await scene.until(() => circulating() === initially, "the buffers to leave");
  },
);

uringTest(
  "a ring without bulk buffers carries bulk data all the same",
  { ring: { bulkBuffers: { count: 0, bytes: 0 } } },
  async (scene, { driver }) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new ByteStream(1).take(1_000_000));
    await scene.until(() => server.recorder.byteCount === 1_000_000, "all bytes");
    new ByteStream(1).check(server.recorder.bytes());
    assert.equal(driver.pool.usage()[GROUP_BULK]?.circulating, 0);
  },
);

uringTest("leases of another driver's buffers are sent, and go back to their own pool", {}, (scene, { driver }) =>
  inScene({}, async (other, { driver: otherDriver }) => {
    const source = await scene.pair();
    const target = await other.pair();
    const sent = new ByteStream(4);
    source.server.recorder.reactions = {
      data: (_connection, lease) => {
        target.client.connection.write(lease);
      },
    };
    source.client.connection.writeBytes(sent.take(300_000));
    await scene.until(() => {
      otherDriver.turn(0);
      return target.server.recorder.byteCount === 300_000;
    }, "the bytes on the other driver");
    new ByteStream(4).check(target.server.recorder.bytes());
    assert.equal(driver.pool.usage()[0]?.leased, 0);
  }),
);
