/**
 * Receiving bytes, and what the leases they come in allow.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Lease } from "../../ring/lease.ts";
import { ByteStream, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function readingCases(define: Define): void {
  define("delivers what the peer sent", async (scene) => {
    const { client, server } = await scene.pair();
    scene.call(() => client.connection.writeBytes(text("ping")));
    await scene.until(() => server.recorder.byteCount === 4, "the request");
    scene.call(() => server.connection.writeBytes(text("pong")));
    await scene.until(() => client.recorder.byteCount === 4, "the response");
    assert.equal(server.recorder.text(), "ping");
    assert.equal(client.recorder.text(), "pong");
    assert.deepEqual(server.recorder.events, ["data"]);
    assert.equal(server.connection.bytesRead, 4);
    assert.equal(client.connection.bytesRead, 4);
  });

  for (const [kind, what] of [
    ["ipv4", "the connection"],
    ["abstract", "a unix socket's connection"],
  ] as const) {
    define(`delivers bytes and an end that came before ${what} was accepted`, async (scene) => {
      const acceptor = await scene.listen(kind);
      acceptor.listener.pause();
      const client = scene.connect(acceptor.listener);
      client.connection.writeBytes(text("early"));
      client.connection.shutdownWrite();
      await scene.until(() => client.recorder.has("connect"), "the connection in the backlog");
      await scene.until(() => client.connection.queuedBytes === 0, "the bytes to be sent");
      scene.call(() => acceptor.listener.resume());
      await scene.until(() => acceptor.accepted[0]?.recorder.has("end") === true, "the end");
      assert.equal(acceptor.accepted[0]?.recorder.text(), "early");
    });
  }

  define("delivers bytes and the end in this order", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(text("last words"));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.deepEqual(server.recorder.events, ["data", "end"]);
    assert.equal(server.recorder.text(), "last words");
  });

  define("lets leases be kept while more bytes arrive", async (scene) => {
    const kept: Lease[] = [];
    let received = 0;
    const { client, server } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          kept.push(lease);
          received += lease.length;
        },
      },
    });
    const sent = new ByteStream(1);
    // One message at a time, so that each has a lease of its own, or several.
    for (let message = 1; message <= 20; message++) {
      client.connection.writeBytes(sent.take(1000));
      await scene.until(() => received === message * 1000, `message ${message}`);
    }
    const expected = new ByteStream(1);
    for (const lease of kept) expected.check(lease.bytes());
    assert.equal(expected.position, 20_000);
    for (const lease of kept.splice(0)) lease.release();
    client.connection.writeBytes(text("still there"));
    await scene.until(() => received === 20_011, "bytes after the leases were released");
    for (const lease of kept) lease.release();
    assert.equal(server.recorder.isClosed, false);
  });

  define("lets a lease be split, and its parts be released apart", async (scene) => {
    const parts: string[] = [];
    const later: Lease[] = [];
    const { client } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          // It may come in pieces, some of them too short to split.
          const rest = lease.length > 1 ? lease.split(lease.length >> 1) : null;
          parts.push(new TextDecoder().decode(lease.bytes()));
          lease.release();
          if (rest === null) return;
          parts.push(new TextDecoder().decode(rest.bytes()));
          later.push(rest);
        },
      },
    });
    const sent = "headbody".repeat(100);
    client.connection.writeBytes(text(sent));
    await scene.until(() => parts.join("").length === sent.length, "all parts");
    assert.equal(parts.join(""), sent);
    assert.ok(later.length > 0);
    for (const rest of later) {
      assert.ok(parts.includes(new TextDecoder().decode(rest.bytes())));
      rest.release();
    }
  });

  define("gives the bytes of one read to another connection to send", async (scene) => {
    const from = await scene.pair();
    const to = await scene.pair();
    const sent = new ByteStream(2);
    from.server.recorder.reactions = {
      data: (_connection, lease) => {
        to.client.connection.write(lease);
      },
      end: () => to.client.connection.shutdownWrite(),
    };
    for (let i = 0; i < 50; i++) from.client.connection.writeBytes(sent.take(10_000));
    from.client.connection.shutdownWrite();
    await scene.until(() => to.server.recorder.has("end"), "the end at the far side");
    new ByteStream(2).check(to.server.recorder.bytes());
    assert.equal(to.server.recorder.byteCount, 500_000);
  });

  define("sends a lease back to where it came from", async (scene) => {
    const { client } = await scene.pair({
      server: { data: (connection, lease) => connection.write(lease), end: (connection) => connection.shutdownWrite() },
    });
    const sent = new ByteStream(3);
    for (let i = 0; i < 30; i++) client.connection.writeBytes(sent.take(7001));
    client.connection.shutdownWrite();
    await scene.untilClosed(client);
    new ByteStream(3).check(client.recorder.bytes());
    assert.equal(client.recorder.byteCount, 210_030);
    assert.equal(client.recorder.errno, 0);
  });

  define("counts the bytes it read and wrote", async (scene) => {
    const { client, server } = await scene.pair();
    client.connection.writeBytes(new Uint8Array(300_000));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    await scene.until(() => client.connection.queuedBytes === 0, "the last bytes to leave");
    assert.equal(server.connection.bytesRead, 300_000);
    assert.equal(server.connection.bytesWritten, 0);
    assert.equal(client.connection.bytesWritten, 300_000);
    assert.equal(client.connection.bytesRead, 0);
  });
}
