/**
 * Connecting, what may happen before it is done, and addresses.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNREFUSED, ENOENT } from "../../../ffi/abi.ts";
import { ByteStream, text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function connectCases(define: Define): void {
  define("connects, and both ends hear of it", async (scene) => {
    const { client, server } = await scene.pair();
    assert.deepEqual(client.recorder.events, ["connect"]);
    // An accepted connection is there from the start.
    assert.deepEqual(server.recorder.events, []);
    assert.equal(client.connection.isClosed, false);
    assert.equal(server.connection.isClosed, false);
    assert.notEqual(client.connection, server.connection);
    assert.equal(scene.driver.connectionCount, 2);
  });

  define("reports ECONNREFUSED when nobody listens", async (scene) => {
    const { listener } = await scene.listen();
    await scene.closeListener(listener);
    const client = scene.connect(listener);
    client.connection.writeBytes(text("anybody?"));
    await scene.untilClosed(client);
    assert.deepEqual(client.recorder.events, ["close"]);
    assert.equal(client.recorder.errno, ECONNREFUSED);
    assert.equal(client.connection.queuedBytes, 0);
  });

  define("reports ECONNREFUSED to a connection that is paused", async (scene) => {
    const { listener } = await scene.listen();
    await scene.closeListener(listener);
    const client = scene.connect(listener);
    client.connection.pauseReading();
    await scene.untilClosed(client);
    assert.deepEqual(client.recorder.events, ["close"]);
    assert.equal(client.recorder.errno, ECONNREFUSED);
  });

  define("connects again after a refusal", async (scene) => {
    const { listener } = await scene.listen();
    await scene.closeListener(listener);
    const refused = scene.connect(listener);
    await scene.untilClosed(refused);
    const acceptor = await scene.listen({ at: listener.address });
    const { client } = await scene.pairOn(acceptor);
    assert.equal(client.recorder.has("connect"), true);
  });

  define("sends what was written before the connection was there", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    scene.call(() => client.connection.writeBytes(text("early ")));
    scene.call(() => client.connection.writeBytes(text("bird")));
    assert.equal(client.connection.queuedBytes, 10);
    await scene.until(() => acceptor.accepted[0]?.recorder.byteCount === 10, "the early bytes");
    assert.equal(acceptor.accepted[0]?.recorder.text(), "early bird");
  });

  define("sends FIN after connecting when shutdownWrite came first", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    scene.call(() => client.connection.shutdownWrite());
    await scene.until(() => acceptor.accepted[0]?.recorder.has("end") === true, "the end");
    assert.deepEqual(client.recorder.events, ["connect"]);
    acceptor.accepted[0]?.connection.close();
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, 0);
  });

  define("sends bytes and FIN after connecting when both came first", async (scene) => {
    const acceptor = await scene.listen();
    const client = scene.connect(acceptor.listener);
    client.connection.writeBytes(new ByteStream(1).take(300_000));
    scene.call(() => client.connection.shutdownWrite());
    await scene.until(() => acceptor.accepted[0]?.recorder.has("end") === true, "the end");
    new ByteStream(1).check(acceptor.accepted[0]?.recorder.bytes() ?? new Uint8Array());
    assert.equal(acceptor.accepted[0]?.recorder.byteCount, 300_000);
  });

  for (const call of ["close", "reset"] as const) {
    define(`gives up connecting on ${call}, and onConnect is not called`, async (scene) => {
      const { listener } = await scene.listen();
      const client = scene.connect(listener);
      client.connection.writeBytes(text("dropped"));
      scene.call(() => client.connection[call]());
      assert.equal(client.connection.isClosed, true);
      await scene.untilClosed(client);
      assert.deepEqual(client.recorder.events, ["close"]);
      assert.equal(client.recorder.errno, 0);
      assert.equal(client.connection.queuedBytes, 0);
      await scene.quiet();
    });
  }

  define("closes many connections that are on their way", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
    const clients = Array.from({ length: 50 }, () => scene.connect(acceptor.listener));
    for (const [index, client] of clients.entries()) {
      if (index % 3 === 0) client.connection.close();
      else if (index % 3 === 1) client.connection.reset();
    }
    await scene.until(
      () => clients.every(({ recorder }, index) => (index % 3 === 2 ? recorder.has("connect") : recorder.isClosed)),
      "each connection to be there or closed",
    );
    assert.ok(clients.every(({ recorder }, index) => index % 3 === 2 || recorder.events.join() === "close"));
  });

  define("knows both ends' addresses over IPv4", async (scene) => {
    const acceptor = await scene.listen("ipv4");
    const { client, server } = await scene.pairOn(acceptor);
    assert.deepEqual(client.connection.remoteAddress(), acceptor.listener.address);
    assert.deepEqual(server.connection.localAddress(), acceptor.listener.address);
    assert.deepEqual(client.connection.localAddress(), server.connection.remoteAddress());
    const local = client.connection.localAddress();
    assert.ok(local?.family === "ipv4" && local.host === "127.0.0.1" && local.port > 0);
  });

  define("connects over IPv6 and knows both ends' addresses", async (scene) => {
    const acceptor = await scene.listen("ipv6");
    const { client, server } = await scene.pairOn(acceptor);
    assert.deepEqual(client.connection.remoteAddress(), acceptor.listener.address);
    assert.deepEqual(client.connection.localAddress(), server.connection.remoteAddress());
    const local = client.connection.localAddress();
    assert.ok(local?.family === "ipv6" && local.host === "::1" && local.port > 0);
    client.connection.writeBytes(text("six"));
    await scene.until(() => server.recorder.byteCount === 3, "the bytes");
  });

  for (const kind of ["unix", "abstract"] as const) {
    const what = kind === "unix" ? "a path" : "an abstract name";
    define(`connects to a unix socket with ${what}`, async (scene) => {
      const address = scene.harness.listenAddress(kind);
      const acceptor = await scene.listen({ at: address });
      assert.deepEqual(acceptor.listener.address, address);
      const { client, server } = await scene.pairOn(acceptor);
      assert.deepEqual(client.connection.remoteAddress(), address);
      assert.deepEqual(server.connection.localAddress(), address);
      // Nobody gave the connecting end a name.
      assert.equal(client.connection.localAddress(), null);
      assert.equal(server.connection.remoteAddress(), null);
      client.connection.writeBytes(new ByteStream(2).take(500_000));
      client.connection.shutdownWrite();
      await scene.until(() => server.recorder.has("end"), "the end");
      new ByteStream(2).check(server.recorder.bytes());
      server.connection.writeBytes(text("bye"));
      server.connection.close();
      await scene.untilClosed(client, server);
      assert.equal(client.recorder.text(), "bye");
      assert.equal(client.recorder.errno, 0);
    });
  }

  define("reports ENOENT for a unix path that does not exist", async (scene) => {
    const client = scene.connect({ address: scene.harness.listenAddress("unix") });
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ENOENT);
    assert.deepEqual(client.recorder.events, ["close"]);
  });

  define("reports ECONNREFUSED for an abstract name that nobody listens on", async (scene) => {
    const client = scene.connect({ address: scene.harness.listenAddress("abstract") });
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNREFUSED);
  });

  define("throws at once for a unix path that is too long", async (scene) => {
    const recorder = scene.recorder();
    const address = { family: "unix", path: `/${"x".repeat(200)}` } as const;
    assert.throws(() => scene.driver.connect(address, recorder), { code: "ERR_ADDRESS" });
    assert.equal(scene.driver.connectionCount, 0);
    await scene.quiet();
    assert.deepEqual(recorder.events, []);
  });
}
