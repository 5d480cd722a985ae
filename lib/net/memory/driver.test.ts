import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EBADF,
  ECANCELED,
  ECONNREFUSED,
  ECONNRESET,
  EMFILE,
  ENOENT,
  EPIPE,
} from "../../../ffi/abi.ts";
import { RingwayError } from "../../../ffi/errors.ts";
import type { Lease } from "../../ring/lease.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import { type IpAddress, ipAddress, type SocketAddress } from "../address.ts";
import { SocketError } from "../errors.ts";
import { MemoryDriver } from "./driver.ts";
import { Bench, LOOPBACK, pattern } from "./test_support.ts";

const rejectsWith = (promise: Promise<unknown>, errno: number) =>
  assert.rejects(promise, (error) => error instanceof SocketError && error.errno === errno);

test("an address is taken by one listener, unless all that have it share the port", async () => {
  const bench = new Bench();
  const at = (host: string) => ipAddress(host, 80);
  const listener = await bench.listen(at("127.0.0.1"));
  await rejectsWith(bench.listen(at("127.0.0.1")), EADDRINUSE);
  await rejectsWith(bench.listen(at("127.0.0.1"), {}, { reusePort: true }), EADDRINUSE);
  await rejectsWith(bench.listen(at("0.0.0.0")), EADDRINUSE);
  await rejectsWith(bench.listen(at("::")), EADDRINUSE);
  await bench.listen(at("::"), {}, { ipv6Only: true });
  await bench.listen(at("127.0.0.2"));
  await listener.close();
  await bench.listen(at("127.0.0.1"), {}, { reusePort: true });
  await bench.listen(at("127.0.0.1"), {}, { reusePort: true }, new MemoryDriver(bench.network));
});

test("drivers that share a port all get connections", async () => {
  const bench = new Bench();
  const counts = [0, 0, 0];
  const address = ipAddress("127.0.0.1", 80);
  for (const index of counts.keys()) {
    const reactions = {};
    const driver = new MemoryDriver(bench.network);
    await driver.listen(
      address,
      {
        onAccept: () => {
          counts[index] = (counts[index] ?? 0) + 1;
          return bench.recorder(reactions);
        },
      },
      { reusePort: true },
    );
  }
  for (let i = 0; i < 60; i++) bench.connect(address);
  bench.network.runUntilIdle();
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    60,
  );
  assert.ok(
    counts.every((count) => count > 5),
    `${counts}`,
  );
});

test("a listener on all addresses is reached by each, but one on the address itself goes before it", async () => {
  const bench = new Bench();
  const reached = async (target: SocketAddress) => {
    const client = bench.connect(target);
    bench.network.run(() => client.recorder.events.length > 0);
    return client.recorder.has("connect");
  };
  await bench.listen(ipAddress("0.0.0.0", 80));
  await bench.listen(ipAddress("::", 81));
  await bench.listen(ipAddress("::", 82), {}, { ipv6Only: true });
  assert.equal(await reached(ipAddress("127.0.0.1", 80)), true);
  assert.equal(await reached(ipAddress("127.9.9.9", 80)), true);
  assert.equal(await reached(ipAddress("::1", 80)), false);
  assert.equal(await reached(ipAddress("127.0.0.1", 81)), true);
  assert.equal(await reached(ipAddress("0:0::1", 81)), true);
  assert.equal(await reached(ipAddress("127.0.0.1", 82)), false);
  assert.equal(await reached(ipAddress("0.0.0.0", 80)), true);
});

test("a machine has its own addresses alone, and connects from them", async () => {
  const bench = new Bench();
  const host = (last: number) => ipAddress(`10.0.0.${last}`, 0);
  const server = new MemoryDriver(bench.network, { hosts: [host(1), host(2)] });
  const client = new MemoryDriver(bench.network, { hosts: [host(3)] });
  await rejectsWith(bench.listen(host(3), {}, {}, server), EADDRNOTAVAIL);
  const listener = await bench.listen(host(2), {}, {}, server);
  const side = bench.connect(listener.address, {}, client);
  bench.network.run(() => side.recorder.has("connect") && bench.accepted.length > 0);
  const accepted = bench.accepted[0]?.connection;
  const source = side.connection.localAddress() as IpAddress;
  assert.equal(source.host, "10.0.0.3");
  assert.ok(source.port > 0);
  assert.deepEqual(accepted?.remoteAddress(), source);
  assert.deepEqual(accepted?.localAddress(), listener.address);
  assert.deepEqual(side.connection.remoteAddress(), listener.address);
});

test("unix sockets are named by their path, and who connects has no name", async () => {
  const bench = new Bench();
  const address: SocketAddress = { family: "unix", path: "/run/x" };
  const listener = await bench.listen(address);
  await rejectsWith(bench.listen(address), EADDRINUSE);
  const { client, server } = bench.pairOn(listener);
  assert.equal(client.connection.localAddress(), null);
  assert.equal(server.connection.remoteAddress(), null);
  assert.deepEqual(client.connection.remoteAddress(), address);
  assert.deepEqual(server.connection.localAddress(), address);
  const missing = bench.connect({ family: "unix", path: "/run/y" });
  const abstract = bench.connect({ family: "unix", path: "@y" });
  bench.network.runUntilIdle();
  assert.equal(missing.recorder.errno, ENOENT);
  assert.equal(abstract.recorder.errno, ECONNREFUSED);
});

test("a descriptor of the process is not one of this network", async () => {
  await rejectsWith(new Bench().listen(LOOPBACK, {}, { descriptor: 0 }), EBADF);
});

test("who connects while the backlog is full waits, and is connected when there is room", async () => {
  const bench = new Bench();
  const listener = await bench.listen(LOOPBACK, {}, { backlog: 2 });
  listener.pause();
  const clients = Array.from({ length: 4 }, () => bench.connect(listener.address));
  const connected = () => clients.filter((client) => client.recorder.has("connect")).length;
  bench.network.runFor(100);
  assert.equal(connected(), 2);
  listener.resume();
  bench.network.runUntilIdle();
  assert.equal(connected(), 4);
  assert.equal(bench.accepted.length, 4);
});

test("who gives up while the backlog is full is not accepted later", async () => {
  const bench = new Bench();
  const listener = await bench.listen(LOOPBACK, {}, { backlog: 1 });
  listener.pause();
  const clients = Array.from({ length: 3 }, () => bench.connect(listener.address));
  bench.network.runFor(100);
  for (const { connection, recorder } of clients) if (!recorder.has("connect")) connection.reset();
  listener.resume();
  bench.network.runUntilIdle();
  assert.equal(bench.accepted.length, 1);
});

test("closing a listener resets those in its backlog and refuses those that wait", async () => {
  const bench = new Bench();
  const listener = await bench.listen(LOOPBACK, {}, { backlog: 1 });
  listener.pause();
  const clients = Array.from({ length: 3 }, () => bench.connect(listener.address));
  bench.network.run(() => clients.some((client) => client.recorder.has("connect")));
  await listener.close();
  bench.network.runUntilIdle();
  const errnos = clients.map((client) => client.recorder.errno).sort();
  assert.deepEqual(errnos, [ECONNRESET, ECONNREFUSED, ECONNREFUSED].sort());
  assert.equal(bench.accepted.length, 0);
});

test("more connections than descriptors fail with EMFILE, and accepting goes on when one is free", async () => {
  const bench = new Bench({}, { descriptors: 2 });
  const clients = new MemoryDriver(bench.network);
  const listener = await bench.listen();
  for (let i = 0; i < 3; i++) bench.connect(listener.address, {}, clients);
  bench.network.run(() => bench.acceptErrors.length > 0);
  assert.equal(bench.accepted.length, 2);
  assert.equal(bench.acceptErrors[0]?.errno, EMFILE);
  const refused = bench.connect(listener.address);
  bench.network.run(() => refused.recorder.isClosed);
  assert.equal(refused.recorder.errno, EMFILE);
  // It rests for ever longer by now, but not when there is a descriptor.
  bench.network.runFor(5000);
  bench.accepted[0]?.connection.close();
  bench.network.runFor(20);
  assert.equal(bench.accepted.length, 3);
});

test("while all buffers are leased nothing is received; once one is released it goes on", async () => {
  const bench = new Bench({}, { receiveBuffers: 3, receiveBytes: 100 });
  const leases: Lease[] = [];
  const received = { data: (_connection: unknown, lease: Lease) => leases.push(lease) };
  const listener = await bench.listen(LOOPBACK, received);
  const other = new MemoryDriver(bench.network);
  const clients = Array.from({ length: 4 }, () => bench.connect(listener.address, {}, other));
  for (const { connection } of clients) connection.writeBytes(pattern(1000));
  bench.network.runUntilIdle();
  assert.equal(leases.length, 3);
  for (let count = 0; leases.length > 0; count++) {
    assert.ok(count < 10_000);
    leases.shift()?.release();
    bench.network.runUntilIdle();
    assert.ok(leases.length <= 3);
  }
  assert.deepEqual(
    bench.accepted.map(({ recorder }) => recorder.byteCount),
    [1000, 1000, 1000, 1000],
  );
  bench.network.assertNoLeaks();
});

test("a connection that waits for a buffer and is closed does not keep the others waiting", async () => {
  const bench = new Bench({}, { receiveBuffers: 1 });
  const leases: Lease[] = [];
  const listener = await bench.listen(LOOPBACK, { data: (_connection, lease) => leases.push(lease) });
  const other = new MemoryDriver(bench.network);
  const clients = Array.from({ length: 3 }, () => bench.connect(listener.address, {}, other));
  for (const { connection } of clients) connection.writeBytes(pattern(1));
  bench.network.runUntilIdle();
  assert.equal(leases.length, 1);
  bench.accepted.find(({ recorder }) => recorder.byteCount === 0)?.connection.pauseReading();
  leases.pop()?.release();
  bench.network.runUntilIdle();
  assert.equal(leases.length, 1);
});

test("closing with bytes unread resets the peer, as TCP does, and drops what is in flight", async () => {
  const bench = new Bench({ delayMinimumMs: 5, delayMaximumMs: 10 });
  const { client, server } = await bench.pair();
  server.connection.pauseReading();
  client.connection.writeBytes(pattern(10));
  for (let i = 0; i < 20; i++) if (!bench.network.step()) bench.network.advance();
  server.connection.writeBytes(pattern(10));
  server.connection.close();
  bench.network.runUntilIdle();
  assert.equal(server.recorder.errno, 0);
  assert.deepEqual(client.recorder.events, ["connect", "close"]);
  assert.equal(client.recorder.errno, ECONNRESET);
});

test("who goes on sending to a peer that has closed sees EPIPE after the end", async () => {
  const bench = new Bench();
  const { client, server } = await bench.pair();
  server.connection.close();
  bench.network.run(() => client.recorder.has("end"));
  client.connection.writeBytes(pattern(10));
  bench.network.runUntilIdle();
  assert.deepEqual(client.recorder.events, ["connect", "end", "close"]);
  assert.equal(client.recorder.errno, EPIPE);
});

test("bytes that were sent before a close arrive, then the end", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const bench = new Bench({ seed, capacityBytes: 700 });
    const { client, server } = await bench.pair();
    client.connection.writeBytes(pattern(5000));
    client.connection.close();
    bench.network.run(() => server.recorder.has("end"));
    assert.deepEqual(server.recorder.bytes(), pattern(5000));
    assert.deepEqual(client.recorder.closes, [0]);
  }
});

test("a connection that is closed leaves no timer behind", async () => {
  const bench = new Bench({}, { connection: { writeTimeoutMs: 60_000 } });
  const { client } = await bench.pair();
  client.connection.writeBytes(pattern(5000));
  client.connection.close();
  const startMs = bench.network.nowMs;
  bench.network.runUntilIdle();
  assert.deepEqual(client.recorder.closes, [0]);
  assert.ok(bench.network.nowMs - startMs < 1000);
});

test("a direction holds no more than its capacity", async () => {
  const bench = new Bench({ capacityBytes: 1000 });
  const { client, server } = await bench.pair();
  server.connection.pauseReading();
  client.connection.writeBytes(pattern(5000));
  bench.network.runUntilIdle();
  assert.equal(client.connection.queuedBytes, 4000);
  assert.equal(client.connection.bytesWritten, 1000);
});

test("what is written must not change before it was sent: it is read then, not before", async () => {
  const bench = new Bench();
  const { client, server } = await bench.pair();
  const copied = pattern(10);
  client.connection.writeBytes(copied);
  copied.fill(0);
  client.connection.close();
  bench.network.run(() => server.recorder.has("end"));
  assert.deepEqual(server.recorder.bytes(), pattern(10));
});

test("what handlers and timers throw is reported; the connection is reset, the others go on", async () => {
  const errors: unknown[] = [];
  const bench = new Bench({}, { onHandlerError: (error) => errors.push(error) });
  const { client, server } = await bench.pair(
    {},
    {
      data(_connection, lease) {
        lease.release();
        throw new Error("a bug");
      },
    },
  );
  let expired = 0;
  for (let i = 0; i < 3; i++) {
    const timer = new Timer(() => {
      expired++;
      throw new Error("another bug");
    });
    bench.driver.startTimer(timer, 10);
  }
  client.connection.writeBytes(pattern(10));
  bench.network.runUntilIdle();
  assert.equal(expired, 3);
  assert.equal(errors.length, 4);
  assert.deepEqual(server.recorder.closes, [0]);
  assert.deepEqual(client.recorder.closes, [ECONNRESET]);
});

test("closing a driver ends all that it has, before the promise resolves", async () => {
  const bench = new Bench();
  const other = new MemoryDriver(bench.network);
  const listener = await bench.listen();
  const { client, server } = bench.pairOn(listener);
  const connecting = bench.connect(listener.address);
  const foreign = bench.connect(listener.address, {}, other);
  bench.driver.startTimer(new Timer(() => assert.fail("a timer of a closed driver was called")), 10);
  let again: { errno: number } = connecting.recorder;
  connecting.recorder.reactions = {
    close: () => {
      again = bench.connect(listener.address).recorder;
    },
  };
  const closed = bench.driver.close();
  assert.equal(closed, bench.driver.close());
  assert.equal(client.recorder.isClosed, false);
  await closed;
  assert.deepEqual(
    [client, server, connecting].map(({ recorder }) => recorder.closes.length),
    [1, 1, 1],
  );
  assert.equal(again.errno, ECANCELED);
  assert.equal(bench.driver.connectionCount, 0);
  const isClosedError = (error: unknown) => error instanceof RingwayError && error.code === "ERR_DRIVER_CLOSED";
  assert.throws(() => bench.driver.connect(listener.address, client.recorder), isClosedError);
  await assert.rejects(bench.listen(), isClosedError);
  bench.network.runUntilIdle();
  assert.equal(foreign.recorder.closes.length, 1);
  assert.deepEqual(bench.violations, []);
  bench.network.assertNoLeaks();
});
