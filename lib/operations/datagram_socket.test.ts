import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { ipAddress } from "../net/address.ts";
import { SocketError } from "../net/errors.ts";
import type { DatagramSocket } from "./datagram_socket.ts";
import type { Operations } from "./operations.ts";
import { operationsTest, pattern, rejects } from "./test_operations.ts";

const LOOPBACK = ipAddress("127.0.0.1", 0);

async function pair(operations: Operations, host = "127.0.0.1"): Promise<[DatagramSocket, DatagramSocket]> {
  const address = ipAddress(host, 0);
  return [await operations.openDatagramSocket({ address }), await operations.openDatagramSocket({ address })];
}

for (const host of ["127.0.0.1", "::1"]) {
  operationsTest(`datagrams go to ${host} and back`, async ({ operations }) => {
    const [client, server] = await pair(operations, host);
    assert.equal(server.localAddress.host, host);
    assert.ok(server.localAddress.port > 0);
    const received = server.receive();
    await client.send(pattern(100), server.localAddress);
    const { bytes, address } = await received;
    assert.deepEqual(bytes, pattern(100));
    assert.deepEqual(address, client.localAddress);
    await server.send(new Uint8Array(0), address);
    assert.deepEqual(await client.receive(), { bytes: new Uint8Array(0), address: server.localAddress });
    await client.close();
    await server.close();
  });
}

operationsTest("many that wait are received in order, and iteration ends with the socket", async ({ operations }) => {
  const [client, server] = await pair(operations);
  const numbers: number[] = [];
  const iterating = (async () => {
    for await (const { bytes } of server) numbers.push(bytes[0] ?? -1);
  })();
  for (let number = 0; number < 50; number++) await client.send(Uint8Array.of(number), server.localAddress);
  while (numbers.length < 50) await operations.timeout(1);
  await server.close();
  await iterating;
  assert.deepEqual(
    numbers,
    Array.from({ length: 50 }, (_, number) => number),
  );
  // Iterating over a closed one ends at once.
  for await (const _ of server) assert.fail("there is nothing");
  await client.close();
});

operationsTest(
  "the largest datagrams arrive whole, and larger ones are refused",
  async ({ operations }) => {
    const [client, server] = await pair(operations);
    const largest = pattern(65_507);
    await client.send(largest, server.localAddress);
    assert.deepEqual((await server.receive()).bytes, largest);
    const tooLong = /^Cannot send a datagram of 65508 bytes to 127.*: it is too long for the network \(EMSGSIZE\)$/;
    await rejects(client.send(new Uint8Array(65_508), server.localAddress), "EMSGSIZE", tooLong);
    const farTooLong = client.send(new Uint8Array(65_537), server.localAddress);
    await rejects(farTooLong, "ERR_OPERATION_ARGUMENT", /0 to 65536 bytes, not 65537/);
    await client.close();
    await server.close();
  },
  { bufferBytes: 65536 },
);

operationsTest("a datagram that no buffer takes is told of and dropped", async ({ operations }) => {
  const server = await operations.openDatagramSocket({ address: LOOPBACK });
  // Whoever sends has no limit of ours.
  const other = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    other.send(pattern(5000), server.localAddress.port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
  });
  await rejects(server.receive(), "ERR_DATAGRAM_LENGTH", /5000 bytes was cut to 4096/);
  other.send(pattern(3), server.localAddress.port, "127.0.0.1");
  assert.deepEqual((await server.receive()).bytes, pattern(3));
  await new Promise<void>((resolve) => other.close(() => resolve()));
  await server.close();
});

operationsTest("a wait for a datagram can be aborted, and ends with the socket", async ({ operations }) => {
  const [client, server] = await pair(operations);
  const reason = new Error("enough");
  const controller = new AbortController();
  const aborted = server.receive({ signal: controller.signal });
  await operations.timeout(1);
  controller.abort(reason);
  await assert.rejects(aborted, reason);
  await assert.rejects(server.receive({ signal: controller.signal }), reason);
  await assert.rejects(client.send(pattern(1), server.localAddress, { signal: controller.signal }), reason);
  // The socket is as good as before.
  await client.send(pattern(1), server.localAddress);
  assert.equal((await server.receive()).bytes.length, 1);
  const waiting = server.receive();
  await rejects(server.receive(), "ERR_SOCKET_BUSY", /one after the other/);
  const closing = server.close();
  await rejects(waiting, "ERR_SOCKET_CLOSED", /it is closed/);
  await closing;
  await rejects(server.receive(), "ERR_SOCKET_CLOSED", /it is closed/);
  await rejects(server.send(pattern(1), client.localAddress), "ERR_SOCKET_CLOSED", /it is closed/);
  await client.close();
});

operationsTest("addresses that can't be bound or sent to are refused", async ({ operations }) => {
  const [client, other] = await pair(operations);
  const taken = operations.openDatagramSocket({ address: client.localAddress });
  await assert.rejects(taken, (error) => {
    assert.ok(error instanceof SocketError);
    assert.equal(error.code, "EADDRINUSE");
    assert.match(error.message, /^Cannot receive datagrams on 127\.0\.0\.1:\d+: EADDRINUSE$/);
    return true;
  });
  const unix = "unix:/tmp/x";
  const notUnix = /IPv4 or IPv6, not unix:\/tmp\/x/;
  await rejects(operations.openDatagramSocket({ address: unix }), "ERR_OPERATION_ARGUMENT", notUnix);
  await rejects(client.send(pattern(1), unix), "ERR_OPERATION_ARGUMENT", notUnix);
  const named = "localhost:9";
  await rejects(operations.openDatagramSocket({ address: named }), "ERR_SOCKET_ARGUMENT", /names are not resolved/);
  await rejects(client.send(pattern(1), named), "ERR_SOCKET_ARGUMENT", /names are not resolved/);
  await rejects(client.send(pattern(1), "[::1]:9"), "ERR_OPERATION_ARGUMENT", /families differ/);
  const six = await operations.openDatagramSocket({ address: ":0" });
  await rejects(six.send(pattern(1), LOOPBACK), "ERR_OPERATION_ARGUMENT", /send to \[::ffff:127\.0\.0\.1\]:0/);
  await six.send(pattern(1), `[::ffff:127.0.0.1]:${other.localAddress.port}`);
  assert.equal((await other.receive()).address.port, six.localAddress.port);
  const shared = { address: LOOPBACK, reusePort: true };
  const first = await operations.openDatagramSocket(shared);
  const second = await operations.openDatagramSocket({ ...shared, address: first.localAddress });
  for (const socket of [client, other, six, first, second]) await socket.close();
});
