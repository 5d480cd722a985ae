/**
 * Backpressure of writes: the two watermarks, and memory that stays bounded.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ByteStream } from "./bytes.ts";
import type { Side } from "./scene.ts";
import type { Define } from "./suite.ts";

const LIMITS = { connection: { writeHighWatermarkBytes: 100_000, writeLowWatermarkBytes: 20_000 } };
/** More than the kernel's socket buffers take in of themselves. */
const MORE_THAN_THE_KERNEL_BYTES = 48 * 1024 * 1024;

/** Write to a peer that does not read until nothing is accepted any more. */
function fill(side: Side, stream: ByteStream): void {
  while (side.connection.queuedBytes <= 100_000) side.connection.writeBytes(stream.take(50_000));
}

export function watermarkCases(define: Define): void {
  define(
    "answers false above the high watermark, and true up to it",
    async (scene) => {
      const { client } = await scene.pair();
      assert.equal(
        scene.call(() => client.connection.writeBytes(new Uint8Array(60_000))),
        true,
      );
      assert.equal(
        scene.call(() => client.connection.writeBytes(new Uint8Array(40_000))),
        true,
      );
      assert.equal(
        scene.call(() => client.connection.writeBytes(new Uint8Array(1))),
        false,
      );
      // It is a sign, not a refusal.
      assert.equal(
        scene.call(() => client.connection.writeBytes(new Uint8Array(999))),
        false,
      );
      assert.equal(client.connection.queuedBytes, 101_000);
      await scene.until(() => client.connection.bytesWritten === 101_000, "all bytes to leave");
    },
    LIMITS,
  );

  define(
    "calls onDrain at or below the low watermark, once for each time above the high one",
    async (scene) => {
      const queued: number[] = [];
      const { client, server } = await scene.pair({
        client: { drain: (connection) => queued.push(connection.queuedBytes) },
      });
      for (let time = 1; time <= 3; time++) {
        assert.equal(client.connection.writeBytes(new Uint8Array(400_000)), false);
        await scene.until(() => client.recorder.count("drain") === time, `drain ${time}`);
        await scene.until(() => server.recorder.byteCount === time * 400_000, "all bytes");
      }
      await scene.quiet();
      assert.equal(queued.length, 3);
      for (const bytes of queued) assert.ok(bytes <= 20_000, `${bytes} were queued`);
    },
    LIMITS,
  );

  define(
    "does not call onDrain when the high watermark was not exceeded",
    async (scene) => {
      const { client, server } = await scene.pair();
      assert.equal(client.connection.writeBytes(new Uint8Array(100_000)), true);
      await scene.until(() => server.recorder.byteCount === 100_000, "all bytes");
      await scene.quiet();
      assert.deepEqual(client.recorder.events, ["connect"]);
    },
    LIMITS,
  );

  define(
    "keeps its memory bounded when the peer does not read",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      const outgoing = new ByteStream(1);
      client.recorder.reactions = { drain: () => fill(client, outgoing) };
      fill(client, outgoing);
      // The kernels' buffers fill up, then nothing drains any more.
      let drains = -1;
      while (drains !== client.recorder.count("drain")) {
        drains = client.recorder.count("drain");
        await scene.quiet();
      }
      assert.ok(outgoing.position < MORE_THAN_THE_KERNEL_BYTES, `${outgoing.position} bytes were taken`);
      assert.ok(client.connection.queuedBytes <= 150_000, `${client.connection.queuedBytes} bytes are queued`);
      assert.ok(server.connection.bytesRead < 2_000_000, `${server.connection.bytesRead} bytes were read while paused`);
      assert.equal(server.recorder.byteCount, 0);

      const incoming = new ByteStream(1);
      server.recorder.reactions = {
        data: (_connection, lease) => {
          incoming.check(lease.bytes());
          lease.release();
        },
      };
      client.recorder.reactions = {};
      client.connection.shutdownWrite();
      scene.call(() => server.connection.resumeReading());
      await scene.until(() => server.recorder.has("end"), "the end");
      assert.equal(incoming.position, outgoing.position);
    },
    LIMITS,
  );

  define(
    "keeps a paused reader's memory bounded when the peer ignores backpressure",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      const outgoing = new ByteStream(2);
      client.connection.writeBytes(outgoing.take(MORE_THAN_THE_KERNEL_BYTES));
      let queued = -1;
      while (queued !== client.connection.queuedBytes) {
        queued = client.connection.queuedBytes;
        await scene.quiet();
      }
      assert.ok(queued > 0, "the peer was held back");
      assert.ok(server.connection.bytesRead < 2_000_000, `${server.connection.bytesRead} bytes were read while paused`);
      client.connection.reset();
      await scene.untilClosed(server);
    },
    LIMITS,
  );

  define(
    "moves everything from a writer that obeys to a reader that pauses now and then",
    async (scene) => {
      const total = 3_000_000;
      const outgoing = new ByteStream(3);
      const incoming = new ByteStream(3);
      const { client, server } = await scene.pair();
      const write = () => {
        while (outgoing.position < total && client.connection.writeBytes(outgoing.take(25_000)));
        if (outgoing.position >= total) client.connection.shutdownWrite();
      };
      client.recorder.reactions = { drain: write };
      server.recorder.reactions = {
        data: (connection, lease) => {
          incoming.check(lease.bytes());
          lease.release();
          connection.pauseReading();
        },
      };
      write();
      await scene.until(() => {
        if (server.connection.isReadingPaused) server.connection.resumeReading();
        return server.recorder.has("end");
      }, "the end");
      assert.equal(incoming.position, outgoing.position);
      assert.ok(client.recorder.count("drain") > 0);
    },
    LIMITS,
  );

  define(
    "does not call onDrain after shutdownWrite",
    async (scene) => {
      const { client, server } = await scene.pair();
      assert.equal(client.connection.writeBytes(new Uint8Array(500_000)), false);
      scene.call(() => client.connection.shutdownWrite());
      await scene.until(() => server.recorder.has("end"), "the end");
      await scene.quiet();
      assert.deepEqual(client.recorder.events, ["connect"]);
    },
    LIMITS,
  );

  define(
    "does not call onDrain after close",
    async (scene) => {
      const { client, server } = await scene.pair();
      assert.equal(client.connection.writeBytes(new Uint8Array(500_000)), false);
      scene.call(() => client.connection.close());
      await scene.until(() => server.recorder.has("end"), "the end");
      await scene.untilClosed(client);
      assert.deepEqual(client.recorder.events, ["connect", "close"]);
      assert.equal(server.recorder.byteCount, 500_000);
    },
    LIMITS,
  );

  define(
    "forgets the backpressure when the peer resets",
    async (scene) => {
      const { client, server } = await scene.pair();
      server.connection.pauseReading();
      assert.equal(client.connection.writeBytes(new Uint8Array(MORE_THAN_THE_KERNEL_BYTES)), false);
      await scene.quiet();
      scene.call(() => server.connection.reset());
      await scene.untilClosed(client, server);
      assert.deepEqual(client.recorder.events, ["connect", "close"]);
      await scene.until(() => client.connection.queuedBytes === 0, "the queue to be dropped");
    },
    LIMITS,
  );
}
