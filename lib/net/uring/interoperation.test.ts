/** Peers that are not our own: the runtime's sockets. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { ECONNRESET } from "../../../ffi/abi.ts";
import { type IpAddress, ipAddress } from "../address.ts";
import { ByteStream, text } from "../conformance/bytes.ts";
import { DEADLINE_MS } from "../conformance/harness.ts";
import type { Acceptor, Scene } from "../conformance/scene.ts";
import { uringTest, type Waiting } from "./test_harness.ts";

/** A node:net client of a listener. */
function nodeClient({ listener }: Acceptor, allowHalfOpen = true): Socket {
  const { host, port } = listener.address as IpAddress;
  return connect({ host, port, allowHalfOpen });
}

/** What a node:net socket receives, and whether it saw the end. */
function reading(socket: Socket): { bytes: () => Uint8Array; hasEnded: () => boolean } {
  const chunks: Uint8Array[] = [];
  let ended = false;
  socket.on("data", (chunk) => chunks.push(chunk as unknown as Uint8Array));
  socket.on("end", () => {
    ended = true;
  });
  socket.on("error", () => {});
  return { bytes: () => Buffer.concat(chunks), hasEnded: () => ended };
}

async function settled<T>(scene: Scene, promise: Promise<T>, what: string): Promise<T> {
  let result: { value: T } | null = null;
  promise.then((value) => {
    result = { value };
  });
  await scene.until(() => result !== null, what);
  return (result as unknown as { value: T }).value;
}

for (const waiting of ["parked", "bridged"] as Waiting[]) {
  uringTest(`serves a client of the runtime, both ways and to both ends, ${waiting}`, { waiting }, async (scene) => {
    const acceptor = await scene.listen();
    const socket = nodeClient(acceptor);
    const received = reading(socket);
    socket.end(new ByteStream(1).take(2_000_000));
    await scene.until(() => acceptor.accepted[0]?.recorder.has("end") === true, "the client's end");
    const server = acceptor.accepted[0] as (typeof acceptor.accepted)[0];
    new ByteStream(1).check(server.recorder.bytes());
    assert.equal(server.recorder.byteCount, 2_000_000);
    server.connection.writeBytes(new ByteStream(2).take(2_000_000));
    server.connection.shutdownWrite();
    await scene.until(received.hasEnded, "our end at the client");
    new ByteStream(2).check(received.bytes());
    assert.equal(received.bytes().length, 2_000_000);
    await scene.untilClosed(server);
    assert.equal(server.recorder.errno, 0);
  });

  uringTest(`talks to a server of the runtime, ${waiting}`, { waiting }, async (scene) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("data", (chunk) => socket.write(chunk));
      socket.on("end", () => socket.end());
    });
    server.listen(0, "127.0.0.1");
    await settled(scene, once(server, "listening"), "the server");
    const { port } = server.address() as AddressInfo;
    const clients = Array.from({ length: 10 }, () => scene.connect({ address: ipAddress("127.0.0.1", port) }));
    for (const [index, { connection }] of clients.entries()) {
      connection.writeBytes(new ByteStream(index).take(300_000));
      connection.shutdownWrite();
    }
    await scene.untilClosed(...clients);
    for (const [index, { recorder }] of clients.entries()) {
      new ByteStream(index).check(recorder.bytes());
      assert.equal(recorder.byteCount, 300_000);
      assert.equal(recorder.errno, 0);
    }
    await settled(scene, new Promise<void>((resolve) => server.close(() => resolve())), "the server to close");
  });

  uringTest(`sees a client of the runtime reset the connection, ${waiting}`, { waiting }, async (scene) => {
    const acceptor = await scene.listen();
    const socket = nodeClient(acceptor);
    reading(socket);
    socket.write(text("hello") as unknown as string);
    await scene.until(() => acceptor.accepted[0]?.recorder.byteCount === 5, "the greeting");
    socket.resetAndDestroy();
    await scene.until(() => acceptor.accepted[0]?.recorder.isClosed === true, "the reset");
    assert.equal(acceptor.accepted[0]?.recorder.errno, ECONNRESET);
  });

  uringTest(`lets a client of the runtime see a reset, ${waiting}`, { waiting }, async (scene) => {
    const acceptor = await scene.listen();
    const socket = nodeClient(acceptor);
    let code = "";
    socket.on("error", (error) => {
      code = (error as NodeJS.ErrnoException).code ?? "";
    });
    socket.on("data", () => acceptor.accepted[0]?.connection.reset());
    await scene.until(() => acceptor.accepted.length === 1, "the connection");
    acceptor.accepted[0]?.connection.writeBytes(text("hello"));
    await scene.until(() => code !== "", "the error at the client");
    assert.equal(code, "ECONNRESET");
  });

  uringTest(`resets clients of the runtime when the driver closes, ${waiting}`, { waiting }, async (scene) => {
    const acceptor = await scene.listen();
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 20; i++) {
      const socket = nodeClient(acceptor);
      socket.on("error", (error) => codes.push((error as NodeJS.ErrnoException).code));
      socket.resume();
    }
    await scene.until(() => acceptor.accepted.length === 20, "20 connections");
    await scene.close();
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (codes.length < 20 && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(codes, new Array(20).fill("ECONNRESET"));
  });

  uringTest(`is held back by a client of the runtime that does not read, ${waiting}`, { waiting }, async (scene) => {
    const acceptor = await scene.listen();
    const socket = nodeClient(acceptor);
    socket.on("error", () => {});
    socket.pause();
    await scene.until(() => acceptor.accepted.length === 1, "the connection");
    const server = acceptor.accepted[0] as (typeof acceptor.accepted)[0];
    const outgoing = new ByteStream(3);
    const fill = () => {
      while (server.connection.writeBytes(outgoing.take(20_000)));
    };
    server.recorder.reactions = { drain: fill };
    fill();
    let position = -1;
    while (position !== outgoing.position) {
      position = outgoing.position;
      await scene.quiet();
    }
    assert.ok(position < 48 * 1024 * 1024);
    assert.ok(server.connection.queuedBytes > 0);
    const received = reading(socket);
    server.recorder.reactions = {};
    server.connection.shutdownWrite();
    socket.resume();
    await scene.until(received.hasEnded, "the end at the client");
    new ByteStream(3).check(received.bytes());
    assert.equal(received.bytes().length, outgoing.position);
    socket.destroy();
  });
}
