/** What the driver on node:net does besides what every driver has to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ECONNREFUSED, ECONNRESET, EPIPE } from "../../../ffi/abi.ts";
import { runtime } from "../../../ffi/runtime.ts";
import { ipAddress } from "../address.ts";
import { Scene } from "../conformance/scene.ts";
import { openDefaultHarness } from "./test_harness.ts";

async function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = new Scene(await openDefaultHarness());
  try {
    await body(scene);
  } catch (error) {
    await scene.harness.close().catch(() => {});
    throw error;
  }
  await scene.end();
}

test("refuses to listen on a descriptor, and says why", () =>
  withScene(async (scene) => {
    const listening = scene.listen("ipv4", {}, { descriptor: 3 });
    await assert.rejects(listening, { code: "ERR_DESCRIPTOR", message: /node:net would close it with the listener/ });
  }));

test("hands over no IPv4 connection on a listener that is for IPv6 only", () =>
  withScene(async (scene) => {
    const acceptor = await scene.listen({ at: ipAddress("::", 0) }, {}, { ipv6Only: true });
    const { address } = acceptor.listener;
    assert.ok(address.family === "ipv6");
    const client = scene.connect({ address: ipAddress("127.0.0.1", address.port) });
    await scene.untilClosed(client);
    assert.ok([ECONNREFUSED, ECONNRESET].includes(client.recorder.errno), `errno ${client.recorder.errno}`);
    await scene.pairOn(acceptor);
    assert.equal(acceptor.accepted.length, 1);
  }));

test("keeps no more connections waiting than the backlog while a listener is paused", () =>
  withScene(async (scene) => {
    const acceptor = await scene.listen("ipv4", {}, { backlog: 2 });
    acceptor.listener.pause();
    const first = [scene.connect(acceptor.listener), scene.connect(acceptor.listener)];
    await scene.until(() => first.every(({ recorder }) => recorder.has("connect")), "the first connections");
    await scene.quiet();
    const refused = scene.connect(acceptor.listener);
    await scene.untilClosed(refused);
    assert.equal(refused.recorder.errno, ECONNRESET);
    acceptor.listener.resume();
    await scene.until(() => acceptor.accepted.length === 2, "those that waited");
    await scene.pairOn(acceptor);
    assert.equal(acceptor.accepted.length, 3);
  }));

test("forgets a connection that was reset while its listener was paused", () =>
  withScene(async (scene) => {
    const acceptor = await scene.listen();
    acceptor.listener.pause();
    const gone = scene.connect(acceptor.listener);
    const patient = scene.connect(acceptor.listener);
    await scene.until(() => [gone, patient].every(({ recorder }) => recorder.has("connect")), "both connections");
    gone.connection.reset();
    await scene.untilClosed(gone);
    await scene.quiet();
    acceptor.listener.resume();
    patient.connection.writeBytes(new Uint8Array(3));
    await scene.until(() => acceptor.accepted.some(({ recorder }) => recorder.byteCount === 3), "the patient one");
    // Only a runtime that reads from the socket learns that it is gone, as soon as it does.
    await scene.until(
      () => acceptor.accepted.every((side) => side.recorder.byteCount === 3 || side.recorder.isClosed),
      "the other one to be gone",
    );
  }));

test("resets the connections that wait when their listener is closed", () =>
  withScene(async (scene) => {
    const acceptor = await scene.listen();
    acceptor.listener.pause();
    const client = scene.connect(acceptor.listener);
    await scene.until(() => client.recorder.has("connect"), "the connection");
    await scene.quiet();
    await scene.closeListener(acceptor.listener);
    await scene.untilClosed(client);
    assert.equal(client.recorder.errno, ECONNRESET);
    assert.equal(acceptor.accepted.length, 0);
  }));

test("reads on a little while reading is paused, and no more than that", () =>
  withScene(async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.pauseReading();
    client.connection.writeBytes(new Uint8Array(1000));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("remote close"), "the remote close");
    assert.equal(server.connection.bytesRead, 1000);
    assert.equal(server.recorder.byteCount, 0);
  }));

test("sends what was written in one turn as a whole, and before FIN", () =>
  withScene(async (scene) => {
    const chunks: number[] = [];
    const { client, server } = await scene.pair({
      server: {
        data: (_connection, lease) => {
          chunks.push(lease.length);
          lease.release();
        },
      },
    });
    for (let i = 0; i < 100; i++) client.connection.writeBytes(new Uint8Array(10));
    client.connection.shutdownWrite();
    await scene.until(() => server.recorder.has("end"), "the end");
    assert.deepEqual(chunks, [1000]);
  }));

test(
  "sends megabytes to a peer that has ended without sending anything",
  {
    skip:
      runtime.name === "deno" &&
      "Deno 2.9 fails a write that has to wait (EPIPE) when the peer has sent FIN and not a byte before it",
  },
  () =>
    withScene(async (scene) => {
      const { client, server } = await scene.pair();
      client.connection.shutdownWrite();
      await scene.until(() => server.recorder.has("end"), "the end");
      client.connection.pauseReading();
      server.connection.writeBytes(new Uint8Array(30_000_000));
      await scene.quiet();
      assert.ok(server.connection.queuedBytes > 0);
      client.connection.resumeReading();
      server.connection.shutdownWrite();
      await scene.untilClosed(client, server);
      assert.equal(client.recorder.byteCount, 30_000_000);
    }),
);

test("reports EPIPE or ECONNRESET when the peer was reset between two writes", () =>
  withScene(async (scene) => {
    const { client, server } = await scene.pair();
    server.connection.reset();
    client.connection.writeBytes(new Uint8Array(1));
    await scene.untilClosed(client, server);
    assert.ok([EPIPE, ECONNRESET].includes(client.recorder.errno), `errno ${client.recorder.errno}`);
  }));
