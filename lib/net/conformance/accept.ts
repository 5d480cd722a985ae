/**
 * Listeners: accepting, pausing, closing.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ECONNREFUSED } from "../../../ffi/abi.ts";
import { ipAddress } from "../address.ts";
import { SocketError } from "../errors.ts";
import { text } from "./bytes.ts";
import type { Define } from "./suite.ts";

export function acceptCases(define: Define): void {
  define("listens on a port that the kernel chose", async (scene) => {
    const one = await scene.listen();
    const two = await scene.listen();
    assert.equal(one.listener.address.family, "ipv4");
    assert.ok(one.listener.address.family === "ipv4" && one.listener.address.port > 0);
    assert.notDeepEqual(one.listener.address, two.listener.address);
  });

  define("accepts hundreds of connections at once", async (scene) => {
    const acceptor = await scene.listen("ipv4", { data: (connection, lease) => connection.write(lease) });
    const clients = Array.from({ length: 300 }, () => scene.connect(acceptor.listener));
    for (const [index, client] of clients.entries()) client.connection.writeBytes(text(`I am ${index}`));
    await scene.until(() => clients.every(({ recorder }, index) => recorder.text() === `I am ${index}`), "300 answers");
    assert.equal(acceptor.accepted.length, 300);
    assert.equal(new Set(acceptor.accepted.map(({ connection }) => connection)).size, 300);
  });

  define("accepts one connection after the other", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
    for (let i = 1; i <= 30; i++) {
      const { client, server } = await scene.pairOn(acceptor);
      client.connection.close();
      await scene.untilClosed(client, server);
    }
    assert.equal(acceptor.accepted.length, 30);
    await scene.until(() => scene.driver.connectionCount === 0, "all connections to be free");
  });

  define("refuses to listen where somebody listens", async (scene) => {
    const { listener } = await scene.listen();
    await assert.rejects(scene.listen({ at: listener.address }), (error) => {
      assert.ok(error instanceof SocketError);
      assert.equal(error.code, "EADDRINUSE");
      return true;
    });
  });

  define("refuses to listen on an address that the machine does not have", async (scene) => {
    // A block for documentation (RFC 5737).
    await assert.rejects(scene.listen({ at: ipAddress("192.0.2.1", 0) }), { code: "EADDRNOTAVAIL" });
  });

  define("refuses to listen on a unix path in a folder that does not exist", async (scene) => {
    const at = { family: "unix", path: "/nonexistent-folder/ringway.sock" } as const;
    await assert.rejects(scene.listen({ at }), { code: "ENOENT" });
  });

  define("shares a port between listeners that ask for it", async (scene) => {
    const one = await scene.listen("ipv4", {}, { reusePort: true });
    const two = await scene.listen({ at: one.listener.address }, {}, { reusePort: true });
    const clients = Array.from({ length: 40 }, () => scene.connect(one.listener));
    await scene.until(() => clients.every(({ recorder }) => recorder.has("connect")), "40 connections");
    await scene.until(() => one.accepted.length + two.accepted.length === 40, "40 connections to be accepted");
  });

  define("accepts IPv4 on an IPv6 listener unless told not to", async (scene) => {
    const both = await scene.listen({ at: ipAddress("::", 0) });
    const { address } = both.listener;
    assert.ok(address.family === "ipv6");
    const client = scene.connect({ address: ipAddress("127.0.0.1", address.port) });
    await scene.until(() => client.recorder.has("connect") && both.accepted.length === 1, "the IPv4 connection");
    const remote = both.accepted[0]?.connection.remoteAddress();
    assert.ok(remote?.family === "ipv6" && remote.host === "::ffff:127.0.0.1", JSON.stringify(remote));

    const only = await scene.listen({ at: ipAddress("::", 0) }, {}, { ipv6Only: true });
    assert.ok(only.listener.address.family === "ipv6");
    const refused = scene.connect({ address: ipAddress("127.0.0.1", only.listener.address.port) });
    await scene.untilClosed(refused);
    assert.equal(refused.recorder.errno, ECONNREFUSED);
  });

  define("leaves connections in the backlog while it is paused", async (scene) => {
    const acceptor = await scene.listen();
    scene.call(() => acceptor.listener.pause());
    const clients = [scene.connect(acceptor.listener), scene.connect(acceptor.listener)];
    await scene.until(() => clients.every(({ recorder }) => recorder.has("connect")), "connections in the backlog");
    await scene.quiet();
    assert.equal(acceptor.accepted.length, 0);
    scene.call(() => acceptor.listener.resume());
    await scene.until(() => acceptor.accepted.length === 2, "both to be accepted");
  });

  define("can be paused and resumed many times", async (scene) => {
    const acceptor = await scene.listen();
    for (let i = 1; i <= 10; i++) {
      scene.call(() => {
        acceptor.listener.pause();
        acceptor.listener.pause();
        acceptor.listener.resume();
        acceptor.listener.resume();
        if (i % 2 === 0) acceptor.listener.pause();
      });
      const client = scene.connect(acceptor.listener);
      await scene.until(() => client.recorder.has("connect"), "the connection");
      scene.call(() => acceptor.listener.resume());
      await scene.until(() => acceptor.accepted.length === i, "the connection to be accepted");
    }
  });

  define("refuses connections once it is closed", async (scene) => {
    const acceptor = await scene.listen();
    await scene.closeListener(acceptor.listener);
    const client = scene.connect(acceptor.listener);
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNREFUSED);
    assert.equal(acceptor.accepted.length, 0);
  });

  define("keeps accepted connections when it closes", async (scene) => {
    const acceptor = await scene.listen();
    const { client, server } = await scene.pairOn(acceptor);
    await scene.closeListener(acceptor.listener);
    client.connection.writeBytes(text("still here"));
    await scene.until(() => server.recorder.byteCount === 10, "the bytes");
  });

  define("can be closed twice, while paused, and frees its address", async (scene) => {
    const acceptor = await scene.listen();
    acceptor.listener.pause();
    await Promise.all([scene.closeListener(acceptor.listener), scene.closeListener(acceptor.listener)]);
    scene.call(() => acceptor.listener.pause());
    scene.call(() => acceptor.listener.resume());
    const again = await scene.listen({ at: acceptor.listener.address });
    await scene.pairOn(again);
    assert.equal(acceptor.accepted.length, 0);
  });

  define("can be closed while connections arrive", async (scene) => {
    const acceptor = await scene.listen("ipv4", { end: (connection) => connection.close() });
    const clients = Array.from({ length: 50 }, () => scene.connect(acceptor.listener));
    await scene.until(() => acceptor.accepted.length > 0, "the first connection");
    await scene.closeListener(acceptor.listener);
    const accepted = acceptor.accepted.length;
    // Each one was accepted, or reset with the backlog, or refused.
    await scene.until(
      () => clients.every(({ recorder }) => recorder.has("connect") || recorder.isClosed),
      "every connection to be there or refused",
    );
    await scene.quiet();
    assert.equal(acceptor.accepted.length, accepted);
    const alive = clients.filter(({ recorder }) => !recorder.isClosed);
    assert.equal(alive.length, accepted);
  });

  define("survives connections that are reset before they are accepted", async (scene) => {
    const acceptor = await scene.listen();
    acceptor.listener.pause();
    const clients = Array.from({ length: 5 }, () => scene.connect(acceptor.listener));
    await scene.until(() => clients.every(({ recorder }) => recorder.has("connect")), "connections in the backlog");
    for (const client of clients) client.connection.reset();
    await scene.untilClosed(...clients);
    acceptor.listener.resume();
    const client = scene.connect(acceptor.listener);
    client.connection.writeBytes(text("alive"));
    await scene.until(
      () => acceptor.accepted.some(({ recorder }) => recorder.text() === "alive"),
      "a connection after those",
    );
    await scene.untilClosed(...acceptor.accepted.filter(({ recorder }) => recorder.text() !== "alive"));
    assert.deepEqual(acceptor.errors, []);
  });
}
