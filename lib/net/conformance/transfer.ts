/**
 * Bytes by the megabyte over many connections: what comes out is what went in.
 *
 * @module
 */
import assert from "node:assert/strict";
import { leaseBytes } from "../../ring/lease.ts";
import type { Connection } from "../connection.ts";
import { ByteStream, Random } from "./bytes.ts";
import type { Reactions } from "./recorder.ts";
import type { Side } from "./scene.ts";
import type { Define } from "./suite.ts";

/** Passes on what it reads to another connection, as a proxy does: leases, backpressure, the end. */
function relayTo(other: () => Connection): Reactions {
  return {
    data: (from, lease) => {
      if (!other().write(lease)) from.pauseReading();
    },
    drain: () => other().resumeReading(),
    end: () => other().shutdownWrite(),
  };
}

/** Sends `total` bytes in pieces of random sizes and obeys backpressure. */
function send({ connection, recorder }: Side, stream: ByteStream, total: number, random: Random): void {
  const write = () => {
    let hasRoom = true;
    while (hasRoom && stream.position < total) {
      hasRoom = connection.write(leaseBytes(stream.take(Math.min(random.size(1, 80_000), total - stream.position))));
    }
    if (stream.position === total) connection.shutdownWrite();
  };
  recorder.reactions = { ...recorder.reactions, drain: write };
  write();
}

function checkInto(stream: ByteStream): Reactions {
  return {
    data: (_connection, lease) => {
      stream.check(lease.bytes());
      lease.release();
    },
  };
}

export function transferCases(define: Define): void {
  for (const seed of [1, 2, 3]) {
    define(`keeps megabytes in both directions intact with random chunk sizes, seed ${seed}`, async (scene) => {
      const random = new Random(seed);
      const total = 4_000_000 + random.below(100_000);
      const { client, server } = await scene.pair();
      const streams = [new ByteStream(seed), new ByteStream(seed + 100)] as const;
      const checks = [new ByteStream(seed + 100), new ByteStream(seed)] as const;
      client.recorder.reactions = checkInto(checks[0]);
      server.recorder.reactions = checkInto(checks[1]);
      send(client, streams[0], total, random);
      send(server, streams[1], total, random);
      await scene.untilClosed(client, server);
      assert.deepEqual([checks[0].position, checks[1].position], [total, total]);
      assert.deepEqual([client.recorder.errno, server.recorder.errno], [0, 0]);
    });
  }

  define("echoes a hundred connections' bytes to the right ones", async (scene) => {
    const random = new Random(5);
    const acceptor = await scene.listen("ipv4", {
      data: (connection, lease) => {
        if (!connection.write(lease)) connection.pauseReading();
      },
      drain: (connection) => connection.resumeReading(),
      end: (connection) => connection.shutdownWrite(),
    });
    const clients = Array.from({ length: 100 }, (_, index) => {
      const incoming = new ByteStream(index);
      return { side: scene.connect(acceptor.listener, checkInto(incoming)), incoming, total: random.size(1, 300_000) };
    });
    for (const [index, { side, total }] of clients.entries()) send(side, new ByteStream(index), total, random);
    await scene.untilClosed(...clients.map(({ side }) => side));
    for (const { side, incoming, total } of clients) {
      assert.equal(incoming.position, total);
      assert.equal(side.recorder.errno, 0);
    }
  });

  define("relays both directions through a chain of connections", async (scene) => {
    const random = new Random(6);
    const total = 2_000_000;
    const first = await scene.pair();
    const middle = await scene.pair();
    const last = await scene.pair();
    first.server.recorder.reactions = relayTo(() => middle.client.connection);
    middle.client.recorder.reactions = relayTo(() => first.server.connection);
    middle.server.recorder.reactions = relayTo(() => last.client.connection);
    last.client.recorder.reactions = relayTo(() => middle.server.connection);
    const there = new ByteStream(1);
    const back = new ByteStream(2);
    last.server.recorder.reactions = checkInto(there);
    first.client.recorder.reactions = checkInto(back);
    send(first.client, new ByteStream(1), total, random);
    send(last.server, new ByteStream(2), total, random);
    const all = [first, middle, last].flatMap(({ client, server }) => [client, server]);
    await scene.untilClosed(...all);
    assert.deepEqual([there.position, back.position], [total, total]);
    assert.ok(all.every(({ recorder }) => recorder.errno === 0));
  });

  define("plays hundreds of rounds of ping-pong", async (scene) => {
    let rounds = 0;
    const { client } = await scene.pair({
      client: {
        data: (connection, lease) => {
          rounds++;
          connection.write(lease);
        },
      },
      server: { data: (connection, lease) => connection.write(lease) },
    });
    client.connection.writeBytes(new Uint8Array(64));
    await scene.until(() => rounds >= 500, "500 rounds");
  });

  define("keeps a slow reader from holding up a fast one", async (scene) => {
    const slow = await scene.pair();
    const fast = await scene.pair();
    slow.server.connection.pauseReading();
    slow.client.connection.writeBytes(new Uint8Array(20_000_000));
    await scene.quiet();
    const incoming = new ByteStream(3);
    fast.server.recorder.reactions = checkInto(incoming);
    send(fast.client, new ByteStream(3), 3_000_000, new Random(3));
    await scene.until(() => fast.server.recorder.has("end"), "the fast one's end");
    assert.equal(incoming.position, 3_000_000);
    assert.equal(slow.server.recorder.byteCount, 0);
  });
}
