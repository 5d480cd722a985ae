/**
 * Sending bytes: whose they are, in which order they leave, and what happens to those that come too late.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNRESET, EPIPE } from "../../../ffi/abi.ts";
import { type Lease, leaseBytes } from "../../ring/lease.ts";
import { ByteStream, Random, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function writingCases(define: Define): void {
  define("sends a lease and a copy of bytes", async (scene) => {
    const { client, server } = await scene.pair();
    assert.equal(
      scene.call(() => client.connection.write(leaseBytes(text("lease, ")))),
      true,
    );
    assert.equal(
      scene.call(() => client.connection.writeBytes(text("copy"))),
      true,
    );
    await scene.until(() => server.recorder.byteCount === 11, "both");
    assert.equal(server.recorder.text(), "lease, copy");
  });

  define("copies the bytes of writeBytes before it returns", async (scene) => {
    const { client, server } = await scene.pair();
    const bytes = text("before");
    client.connection.writeBytes(bytes);
    bytes.fill(0);
    await scene.until(() => server.recorder.byteCount === 6, "the bytes");
    assert.equal(server.recorder.text(), "before");
  });

  define("sends a part of an array without the rest of it", async (scene) => {
    const { client, server } = await scene.pair();
    const all = text("0123456789");
    client.connection.writeBytes(all.subarray(2, 5));
    client.connection.write(leaseBytes(all.subarray(7, 9)));
    await scene.until(() => server.recorder.byteCount === 5, "the parts");
    assert.equal(server.recorder.text(), "23478");
  });

  define("keeps the order of hundreds of writes in a row", async (scene) => {
    const { client, server } = await scene.pair();
    const random = new Random(4);
    const sent = new ByteStream(4);
    for (let i = 0; i < 400; i++) client.connection.writeBytes(sent.take(random.size(1, 3000)));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    new ByteStream(4).check(server.recorder.bytes());
    assert.equal(server.recorder.byteCount, sent.position);
  });

  define("keeps the order of received leases and own bytes that take turns", async (scene) => {
    const source = await scene.pair();
    const target = await scene.pair();
    const received: Lease[] = [];
    source.server.recorder.reactions = { data: (_connection, lease) => received.push(lease) };
    const expected: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      const message = text(`<${i}>`);
      const wanted = source.server.recorder.byteCount + message.length;
      source.client.connection.writeBytes(message);
      await scene.until(() => source.server.recorder.byteCount === wanted, "a message");
    }
    for (const [index, lease] of received.entries()) {
      expected.push(lease.bytes().slice());
      target.client.connection.write(lease);
      if (index % 3 === 0) continue;
      const own = text(`own ${index}`.repeat(index * 200));
      expected.push(own);
      target.client.connection.writeBytes(own);
    }
    target.client.connection.shutdownWrite();
    await scene.until(() => target.server.recorder.has("end"), "the end");
    const decoder = new TextDecoder();
    assert.equal(target.server.recorder.text(), expected.map((part) => decoder.decode(part)).join(""));
  });

  define("sends a single write of many megabytes", async (scene) => {
    const { client, server } = await scene.pair();
    const expected = new ByteStream(5);
    server.recorder.reactions = {
      data: (_connection, lease) => {
        expected.check(lease.bytes());
        lease.release();
      },
    };
    client.connection.write(leaseBytes(new ByteStream(5).take(9_000_001)));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.equal(expected.position, 9_000_001);
  });

  define("takes a write of no bytes for nothing", async (scene) => {
    const { client, server } = await scene.pair();
    assert.equal(
      scene.call(() => client.connection.writeBytes(new Uint8Array(0))),
      true,
    );
    assert.equal(
      scene.call(() => client.connection.write(leaseBytes(new Uint8Array(0)))),
      true,
    );
    client.connection.writeBytes(text("x"));
    client.connection.writeBytes(new Uint8Array(0));
    assert.equal(client.connection.queuedBytes, 1);
    await scene.until(() => server.recorder.byteCount === 1, "the byte");
    await scene.quiet();
    assert.deepEqual(client.recorder.events, ["connect"]);
    assert.deepEqual(server.recorder.events, ["data"]);
  });

  define("drops bytes written after shutdownWrite", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("in time"));
    client.connection.shutdownWrite();
    const tooLate = leaseBytes(text("too late"));
    assert.equal(
      scene.call(() => client.connection.write(tooLate)),
      false,
    );
    assert.throws(() => tooLate.release(), TypeError);
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.equal(
      scene.call(() => client.connection.writeBytes(text("too late"))),
      false,
    );
    await scene.quiet();
    assert.equal(server.recorder.text(), "in time");
  });

  define("drops bytes written after close and after onClose", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("in time"));
    client.connection.close();
    const tooLate = leaseBytes(text("too late"));
    assert.equal(
      scene.call(() => client.connection.write(tooLate)),
      false,
    );
    assert.throws(() => tooLate.release(), TypeError);
    await scene.untilClosed(client);
    assert.equal(
      scene.call(() => client.connection.writeBytes(text("too late"))),
      false,
    );
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.equal(server.recorder.text(), "in time");
    assert.equal(client.connection.queuedBytes, 0);
  });

  define("drops bytes written after reset", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.reset();
    assert.equal(
      scene.call(() => client.connection.writeBytes(text("too late"))),
      false,
    );
    await scene.untilClosed(client, server);
    assert.equal(server.recorder.byteCount, 0);
  });

  define("reports a failed write when the peer is gone", async (scene) => {
    const { client, server } = await scene.pair();
    // A peer that closes with bytes unread, or gets bytes later, answers with a reset.
    server.connection.close();
    await scene.until(() => client.recorder.has("end"), "the end");
    const write = () => {
      if (!client.connection.isClosed && client.connection.queuedBytes === 0) client.connection.writeBytes(text("?"));
      return client.recorder.isClosed;
    };
    await scene.until(write, "the failure");
    assert.ok([EPIPE, ECONNRESET].includes(client.recorder.errno), `errno ${client.recorder.errno}`);
    assert.deepEqual(client.recorder.events, ["connect", "end", "close"]);
  });

  define("moves many megabytes in both directions at once", async (scene) => {
    const random = new Random(6);
    const { client, server } = await scene.pair();
    const total = 6_000_000;
    const sides = [client, server].map((side, index) => {
      const outgoing = new ByteStream(10 + index);
      const incoming = new ByteStream(11 - index);
      const fill = () => {
        let hasRoom = true;
        while (hasRoom && outgoing.position < total) {
          const bytes = outgoing.take(Math.min(random.size(1, 100_000), total - outgoing.position));
          hasRoom = random.chance(0.5) ? side.connection.writeBytes(bytes) : side.connection.write(leaseBytes(bytes));
        }
        if (outgoing.position === total) side.connection.shutdownWrite();
      };
      side.recorder.reactions = {
        data: (_connection, lease) => {
          incoming.check(lease.bytes());
          lease.release();
        },
        drain: fill,
      };
      return { fill, incoming };
    });
    for (const { fill } of sides) scene.call(fill);
    await scene.untilClosed(client, server);
    for (const { incoming } of sides) assert.equal(incoming.position, total);
    assert.deepEqual([client.recorder.errno, server.recorder.errno], [0, 0]);
  });
}
