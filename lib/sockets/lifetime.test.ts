/** When a process ends by itself, and what becomes of sockets that were forgotten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { inScene, until } from "./test_drivers.ts";
import { runProgram } from "./test_program.ts";

const TIMEOUT = { timeout: 20_000 } as const;

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for (const socketInterface of ["uring", "default"] as const) {
  test(`a program ends when its sockets have, ${socketInterface}`, async () => {
    const { out, code } = await runProgram(`
      const sockets = await openSockets({ socketInterface: "${socketInterface}" });
      for (let round = 0; round < 3; round++) {
        const listener = await sockets.listen("127.0.0.1:0");
        const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
        await client.write("round " + round);
        console.log(new TextDecoder().decode(await server.read()));
        await Promise.all([client.close(), server.close(), listener.close()]);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      console.log("end of the program");
    `);
    assert.equal(out, "round 0\nround 1\nround 2\nend of the program\n");
    assert.equal(code, 0);
  });

  test(`a program with a listener goes on, ${socketInterface}`, async () => {
    const { out, code } = await runProgram(`
      const sockets = await openSockets({ socketInterface: "${socketInterface}" });
      const listener = await sockets.listen("127.0.0.1:0");
      void (async () => { for await (const socket of listener) await socket.end(); })();
      setTimeout(async () => {
        const client = await sockets.connect(listener.address);
        console.log("still there:", await client.read());
        await client.end();
        await listener.close();
      }, 200);
    `);
    assert.equal(out, "still there: null\n");
    assert.equal(code, 0);
  });

  test(`a socket that was forgotten is closed, with a warning, ${socketInterface}`, { timeout: 20_000 }, async () => {
    await inScene({ socketInterface }, async ({ sockets, problems }) => {
      const listener = await sockets.listen("127.0.0.1:0");
      // In a function of its own, so that nothing on the stack refers to it.
      const connect = async () => {
        const [, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
        assert.ok(server !== null);
        return server;
      };
      const server = await connect();
      const ended = server.read();
      await until(() => {
        runtime.collectGarbage();
        return problems.length > 0;
      });
      assert.equal(await ended, null);
      const [problem] = problems.splice(0);
      assert.equal(problem?.code, "ERR_SOCKET_FORGOTTEN");
      assert.match(problem?.message ?? "", /127\.0\.0\.1:\d+\) was forgotten/);
      await server.close();
    });
  });

  test(`a socket that somebody waits for is not forgotten, ${socketInterface}`, { timeout: 20_000 }, async () => {
    await inScene({ socketInterface }, async ({ sockets, problems }) => {
      const { server, reading } = await (async () => {
        const listener = await sockets.listen("127.0.0.1:0");
        const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
        assert.ok(server !== null);
        return { server, reading: client.read() };
      })();
      for (let i = 0; i < 5; i++) {
        runtime.collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(problems, []);
      await server.write("there you are");
      assert.equal(new TextDecoder().decode((await reading) ?? undefined), "there you are");
      await server.close();
      // From when the read was over on it may have been forgotten.
      problems.splice(0);
    });
  });
}

for (const socketInterface of ["uring", "default"] as const) {
  test(`a socket whose write waits is not forgotten, and can be later, ${socketInterface}`, TIMEOUT, async () => {
    await inScene({ socketInterface }, async ({ sockets, problems }) => {
      const listener = await sockets.listen("127.0.0.1:0");
      const { server, writing } = await (async () => {
        const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
        assert.ok(server !== null);
        let written = Promise.resolve();
        // One by one, until the peer, which does not read, holds the writer back.
        for (let isHeldBack = false; !isHeldBack; ) {
          written = client.write(new Uint8Array(65_536));
          isHeldBack = await Promise.race([written.then(() => false), delay(200).then(() => true)]);
        }
        await server.write("x");
        await client.read();
        return { server, writing: written };
      })();
      for (let i = 0; i < 5; i++) {
        runtime.collectGarbage();
        await delay(10);
      }
      assert.equal(problems.length, 0);
      const reading = (async () => {
        for await (const _ of server);
      })();
      await writing;
      await until(() => {
        runtime.collectGarbage();
        return problems.length > 0;
      });
      assert.equal(problems.splice(0)[0]?.code, "ERR_SOCKET_FORGOTTEN");
      await reading;
      await server.close();
    });
  });
}

test("an idle program with open sockets uses no processor time", { timeout: 20_000 }, async () => {
  const { out } = await runProgram(`
    const sockets = await openSockets();
    const listener = await sockets.listen("127.0.0.1:0");
    const [client, server] = await Promise.all([sockets.connect(listener.address), listener.accept()]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000);
    await sockets.close();
  `);
  const usedMs = Number(out);
  // A loop that spins would use all of the second.
  assert.ok(usedMs >= 0 && usedMs < 300, `${out} ms of a second`);
});
