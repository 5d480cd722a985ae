/** Sockets with promises and streams, on each driver. */
import assert from "node:assert/strict";
import { createConnection, createServer } from "node:net";
import { SocketError } from "../net/errors.ts";
import { SocketUseError } from "./errors.ts";
import { connectPair, keep, onEachDriver, readAll, until } from "./test_drivers.ts";

const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? new Uint8Array());

onEachDriver("a socket", (it) => {
  it("reads what the other side writes, and the end", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    await client.write("hello");
    assert.equal(text(await server.read()), "hello");
    await client.end();
    assert.equal(await server.read(), null);
    assert.equal(await server.read(), null);
    await server.write(new Uint8Array([1, 2, 3]));
    await server.end();
    assert.deepEqual([...((await client.read()) ?? [])], [1, 2, 3]);
    assert.equal(await client.read(), null);
    await Promise.all([client.closed, server.closed]);
  });

  it("knows both addresses", async ({ sockets }) => {
    const { client, server, listener } = await connectPair(sockets);
    assert.deepEqual(client.remoteAddress, listener.address);
    assert.deepEqual(server.localAddress, listener.address);
    assert.deepEqual(server.remoteAddress, client.localAddress);
  });

  it("is an async iterable, and is closed when the loop is left", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    await client.write("one");
    for await (const bytes of server) {
      assert.equal(text(bytes), "one");
      break;
    }
    await server.closed;
    await assert.rejects(server.read(), { code: "ERR_SOCKET_CLOSED" });
  });

  it("moves megabytes both ways through Web Streams, in order", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const echoed = server.readable.pipeTo(server.writable);
    const sent = new Uint8Array(5_000_000).map((_, index) => (index * 7919) >>> 8);
    const writing = client.write(sent).then(() => client.end());
    const received = new Uint8Array(sent.length);
    let length = 0;
    for await (const bytes of client.readable as unknown as AsyncIterable<Uint8Array>) {
      received.set(bytes, length);
      length += bytes.length;
    }
    await Promise.all([writing, echoed]);
    assert.equal(length, sent.length);
    assert.ok(received.every((byte, index) => byte === sent[index]));
  });

  it("holds back a writer whose peer does not read", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const piece = new Uint8Array(65_536);
    let written = 0;
    let isWaiting = false;
    const writing = (async () => {
      for (let i = 0; i < 1000; i++) {
        isWaiting = true;
        await client.write(piece);
        isWaiting = false;
        written += piece.length;
      }
      await client.end();
    })();
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(isWaiting);
    assert.ok(written < 1000 * piece.length, `${written} bytes were taken`);
    let received = 0;
    for await (const bytes of server) received += bytes.length;
    await writing;
    assert.equal(received, 1000 * piece.length);
  });

  it("keeps the order of writes that nobody waits for, huge ones among them", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const writes = [client.write("a".repeat(2_000_000)), client.write("b"), client.write("c".repeat(300_000))];
    const ended = client.end();
    const received = await readAll(server);
    await Promise.all([...writes, ended]);
    assert.equal(received, `${"a".repeat(2_000_000)}b${"c".repeat(300_000)}`);
  });

  it("sends what was written before it is closed", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const writing = client.write("x".repeat(150_000));
    const closing = client.close();
    assert.equal((await readAll(server)).length, 150_000);
    await writing;
    await server.close();
    await closing;
  });

  it("tells a reset to readers, writers and `closed`", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const reading = assert.rejects(server.read(), { name: "SocketError", code: "ECONNRESET", source: "upstream" });
    client.reset();
    await reading;
    await assert.rejects(server.closed, SocketError);
    await assert.rejects(server.write("x"), { code: "ECONNRESET" });
    await assert.rejects(client.read(), { code: "ERR_SOCKET_CLOSED" });
  });

  it("is given up by a signal while it connects", async ({ sockets }) => {
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    controller.abort(reason);
    const listener = await sockets.listen("127.0.0.1:0");
    await assert.rejects(sockets.connect(listener.address, { signal: controller.signal }), reason);
    const later = new AbortController();
    // Nobody answers there (RFC 5737); a machine without a route says so at once, which is an error too.
    const connecting = sockets.connect("192.0.2.1:9", { signal: later.signal });
    setTimeout(() => later.abort(reason), 20);
    await assert.rejects(connecting);
  });

  it("says who refused", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0");
    await listener.close();
    await assert.rejects(sockets.connect(listener.address), { name: "SocketError", code: "ECONNREFUSED" });
  });

  it("does not connect for longer than it may", async ({ sockets }) => {
    // Its backlog is full of connections that nobody accepts: further ones get no answer.
    const listener = await sockets.listen("127.0.0.1:0", { backlog: 1, maximumWaiting: 1 });
    const tried = Array.from({ length: 8 }, () => sockets.connect(listener.address, { timeoutMs: 300 }));
    const outcomes = await Promise.allSettled(tried);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.equal((outcome.reason as SocketUseError).code, "ERR_SOCKET_TIMEOUT");
    }
  });

  it("connects to names", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0");
    assert.equal(listener.address.family, "ipv4");
    const port = listener.address.family === "ipv4" ? listener.address.port : 0;
    const client = keep(await sockets.connect(`localhost:${port}`));
    assert.deepEqual(client.remoteAddress, listener.address);
    await assert.rejects(sockets.connect("no-such-host.invalid:80"), /the name can't be resolved/);
  });

  it("works on unix sockets, also without a file", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets, `unix:@ringway-test-${crypto.randomUUID()}`);
    client.setNoDelay(true);
    client.setKeepAlive(1000);
    await client.write("hello");
    assert.equal(text(await server.read()), "hello");
  });

  it("talks with the runtime's own sockets", async ({ sockets }) => {
    const server = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = keep(await sockets.connect(`127.0.0.1:${address.port}`));
    await client.write("hello");
    await client.end();
    assert.equal(await readAll(client), "hello");
    server.close();

    const listener = await sockets.listen("127.0.0.1:0");
    assert.equal(listener.address.family, "ipv4");
    const port = listener.address.family === "ipv4" ? listener.address.port : 0;
    const peer = createConnection(port, "127.0.0.1");
    peer.end("from node");
    const accepted = keep(await listener.accept());
    assert.ok(accepted !== null);
    assert.equal(await readAll(accepted), "from node");
    peer.destroy();
    await accepted.close();
  });
});

onEachDriver("a socket that is used wrongly", (it) => {
  it("has one reader at a time", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const first = server.read();
    await assert.rejects(server.read(), { name: "SocketUseError", code: "ERR_SOCKET_BUSY" });
    await client.write("x");
    assert.equal(text(await first), "x");
    assert.ok(server.readable instanceof ReadableStream);
    await assert.rejects(server.read(), { code: "ERR_SOCKET_BUSY", message: /`readable` was taken/ });
  });

  it("takes nothing after its end", async ({ sockets }) => {
    const { client } = await connectPair(sockets);
    await client.end();
    await assert.rejects(client.write("x"), { code: "ERR_SOCKET_ENDED" });
    await client.end();
  });

  it("does nothing after it was closed", async ({ sockets }) => {
    const { client } = await connectPair(sockets);
    await client.close();
    await client.close();
    client.reset();
    await assert.rejects(client.read(), { code: "ERR_SOCKET_CLOSED" });
    await assert.rejects(client.write("x"), { code: "ERR_SOCKET_CLOSED" });
    await assert.rejects(client.end(), { code: "ERR_SOCKET_CLOSED" });
    client.setNoDelay(true);
  });

  it("refuses what it can't send", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const numbers = new Float64Array(4) as unknown as Uint8Array;
    await assert.rejects(client.write(numbers), { code: "ERR_SOCKET_ARGUMENT", message: /give a Uint8Array/ });
    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    await assert.rejects(client.write(detached), { code: "ERR_SOCKET_ARGUMENT", message: /detached/ });
    assert.throws(() => client.setKeepAlive(-1), { code: "ERR_SOCKET_ARGUMENT" });
    await client.write(new Uint8Array(0));
    await client.write("still there");
    assert.equal(text(await server.read()), "still there");
  });

  it("says which address it can't use", async ({ sockets }) => {
    await assert.rejects(sockets.listen("127.0.0.1"), { name: "TargetError", message: /the port is missing/ });
    await assert.rejects(sockets.connect("127.0.0.1:99999"), { name: "TargetError" });
    await assert.rejects(sockets.listen("example.com:80"), { code: "ERR_SOCKET_ARGUMENT", message: /IP address/ });
    await assert.rejects(sockets.listen("127.0.0.1:0", { maximumWaiting: -1 }), { code: "ERR_SOCKET_ARGUMENT" });
    await assert.rejects(sockets.connect("127.0.0.1:1", { timeoutMs: -5 }), { code: "ERR_SOCKET_ARGUMENT" });
    const wrong = { code: "ERR_SOCKET_ARGUMENT", message: /keepAliveMs is -1, not a number of milliseconds from 0/ };
    await assert.rejects(sockets.listen("127.0.0.1:0", { keepAliveMs: -1 }), wrong);
    await assert.rejects(sockets.connect("127.0.0.1:1", { keepAliveMs: -1 }), wrong);
    assert.equal(sockets.driver.connectionCount, 0);
    const { address } = await sockets.listen("127.0.0.1:0");
    await assert.rejects(sockets.listen(address), { name: "SocketError", code: "EADDRINUSE" });
  });

  it("is refused when all sockets were closed, also while it connects", async ({ sockets }) => {
    const { client, server } = await connectPair(sockets);
    const reading = assert.rejects(server.read());
    // Nobody answers there (RFC 5737); a machine without a route says so at once, which is an error too.
    const connecting = sockets.connect("192.0.2.1:9");
    connecting.catch(() => {});
    await sockets.close();
    await reading;
    await assert.rejects(client.write("x"));
    await assert.rejects(connecting);
    await assert.rejects(sockets.connect("127.0.0.1:1"), SocketUseError);
    await assert.rejects(sockets.listen("127.0.0.1:0"), { code: "ERR_SOCKET_CLOSED" });
    assert.throws(() => sockets.connectWith("127.0.0.1:1", null as never), { code: "ERR_SOCKET_CLOSED" });
  });
});

onEachDriver("a listener", (it) => {
  it("gives its connections one by one, and null once it is closed", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0");
    const waiting = listener.accept();
    const client = keep(await sockets.connect(listener.address));
    assert.deepEqual((await waiting)?.remoteAddress, client.localAddress);
    const last = listener.accept();
    await listener.close();
    assert.equal(await last, null);
    assert.equal(await listener.accept(), null);
  });

  it("is closed when its loop is left, and by a signal", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0");
    const connecting = sockets.connect(listener.address);
    for await (const socket of listener) {
      await socket.write("only you");
      break;
    }
    assert.equal(text(await (await connecting).read()), "only you");
    await assert.rejects(sockets.connect(listener.address), { code: "ECONNREFUSED" });

    const controller = new AbortController();
    const other = await sockets.listen("127.0.0.1:0", { signal: controller.signal });
    const accepting = other.accept();
    controller.abort();
    assert.equal(await accepting, null);
  });

  it("lets no more wait than it was told, and loses none", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0", { maximumWaiting: 2, acceptSingly: true } as object);
    const connecting = Array.from({ length: 12 }, () => sockets.connect(listener.address));
    const clients = keep(await Promise.all(connecting));
    const ports = new Set<number>();
    for (let i = 0; i < clients.length; i++) {
      const socket = keep(await listener.accept());
      assert.ok(socket !== null && socket.remoteAddress?.family === "ipv4");
      ports.add(socket.remoteAddress.port);
    }
    assert.equal(ports.size, clients.length);
  });

  it("resets what nobody asked for when it is closed", async ({ sockets }) => {
    const listener = await sockets.listen("127.0.0.1:0");
    const client = keep(await sockets.connect(listener.address));
    await until(() => sockets.driver.connectionCount === 2);
    await listener.close();
    await assert.rejects(client.read(), { code: "ECONNRESET" });
  });
});
