/** Operations on an application's sockets: when its process ends, and what comes together with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "../sockets/test_program.ts";

const MODULE = new URL("./mod.ts", import.meta.url).href;

test("a program goes on while an operation is in flight, and ends with the last one", async () => {
  const { out, error, code } = await runProgram(`
    const { operationsOn } = await import("${MODULE}");
    const sockets = await openSockets({ socketInterface: "uring" });
    const operations = operationsOn(sockets);
    const file = await operations.openFile("/dev/zero");
    const into = new Uint8Array(3).fill(1);
    void operations.timeout(150).then(async () => {
      await file.read(into, 0);
      console.log("read", into.join());
    });
    console.log("end of the program");
  `);
  assert.equal(out, "end of the program\nread 0,0,0\n", error);
  assert.equal(code, 0);
});

test("a socket that waits for datagrams keeps a program going, and one that does not lets it end", async () => {
  const { out, error, code } = await runProgram(`
    const { operationsOn } = await import("${MODULE}");
    const sockets = await openSockets({ socketInterface: "uring" });
    const operations = operationsOn(sockets);
    const server = await operations.openDatagramSocket({ address: "127.0.0.1:0" });
    const idle = await operations.openDatagramSocket({ address: "127.0.0.1:0" });
    void server.receive().then(({ bytes }) => console.log("received", bytes.join()));
    setTimeout(() => void idle.send(Uint8Array.of(1, 2), server.localAddress), 150);
  `);
  assert.equal(out, "received 1,2\n", error);
  assert.equal(code, 0);
});

test("operations, sockets and the runtime's own timers share a thread", async () => {
  const { out, error, code } = await runProgram(`
    const { operationsOn } = await import("${MODULE}");
    await using sockets = await openSockets({ socketInterface: "uring" });
    const operations = operationsOn(sockets);
    await using listener = await sockets.listen("127.0.0.1:0");
    void (async () => { for await (const socket of listener) void socket.readable.pipeTo(socket.writable); })();
    await using client = await sockets.connect(listener.address);
    await using file = await operations.openFile("/dev/zero");
    const into = new Uint8Array(10);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for (let round = 0; round < 50; round++) {
      await client.write("x");
      const [bytes, count] = await Promise.all([client.read(), file.read(into, 0), operations.timeout(0.5)]);
      if (bytes?.length !== 1 || count !== 10) throw new Error("round " + round);
    }
    clearInterval(timer);
    console.log(ticks > 0);
  `);
  assert.equal(out, "true\n", error);
  assert.equal(code, 0);
});

test("what the other driver can't do is said", async () => {
  const { out } = await runProgram(`
    const { operationsOn } = await import("${MODULE}");
    const sockets = await openSockets({ socketInterface: "default" });
    try { operationsOn(sockets); } catch (error) { console.log(error.code, error.name); }
  `);
  assert.equal(out, "ERR_OPERATIONS_UNAVAILABLE RingwayError\n");
});
