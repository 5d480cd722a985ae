/**
 * The TCP relay as a client and an upstream see it, on every driver.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { connect, RunningCommand, until, unusedPort } from "./support/command.ts";
import { startFullBacklog } from "./support/full_backlog.ts";
import { startEcho, startNamed, startUpstream, type Upstream } from "./support/servers.ts";

/** More than a worker's ring has buffers for at 64 KiB each. */
const STALLED_CLIENTS = 200;
const DOWNLOAD = 0xd0;

for (const driver of ["uring", "default"]) {
  const OPTIONS = ["--listen", "127.0.0.1:0", "--workers", "1", "--socket-interface", driver];

  describe(`bytes through the relay on the ${driver} driver`, () => {
    let echo: Upstream;
    let command: RunningCommand;
    let port = 0;
    before(async () => {
      echo = await startEcho();
      command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${echo.port}`]);
      port = await command.port();
    });
    after(async () => {
      await command.stop();
      await echo.close();
    });

    it("arrive unchanged in both directions at once", async () => {
      const socket = await connect({ port });
      const sent = randomBytes(8 << 20);
      const received = collect(socket);
      socket.end(sent);
      assert.deepEqual(digest(await received), digest(sent));
    });

    it("arrive unchanged from many clients at once", async () => {
      const clients = Array.from({ length: 50 }, async () => {
        const socket = await connect({ port });
        const sent = randomBytes(1 + Math.floor(Math.random() * 300_000));
        const received = collect(socket);
        socket.end(sent);
        assert.deepEqual(digest(await received), digest(sent));
      });
      await Promise.all(clients);
    });

    it("pass one by one without waiting for more", async () => {
      const socket = await connect({ port });
      for (let value = 0; value < 100; value++) {
        socket.write(new Uint8Array([value]));
        const [bytes] = (await once(socket, "data")) as [Uint8Array];
        assert.deepEqual([...bytes], [value]);
      }
      socket.destroy();
    });
  });

  describe(`the end of a connection on the ${driver} driver`, () => {
    /** A proxy in front of an upstream under the test's control, with one connection through it. */
    async function scene(
      use: (client: Socket, upstream: Socket, command: RunningCommand) => Promise<void>,
    ): Promise<void> {
      const upstream = await startUpstream(() => {});
      const command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${upstream.port}`]);
      try {
        const client = await connect({ port: await command.port() });
        client.on("error", () => {});
        await until(() => upstream.sockets.length === 1, "the upstream was connected");
        await use(client, upstream.sockets[0] as Socket, command);
        client.destroy();
      } finally {
        await command.stop();
        await upstream.close();
      }
    }

    it("passes the client's half-close on and still brings the answer", () =>
      scene(async (client, upstream) => {
        const request = collect(upstream);
        const answer = collect(client);
        client.end("question");
        assert.equal(text(await request), "question");
        upstream.end("answer");
        assert.equal(text(await answer), "answer");
      }));

    it("passes the upstream's half-close on and still brings what the client sends", () =>
      scene(async (client, upstream) => {
        const greeting = collect(client);
        const reply = collect(upstream);
        upstream.end("greeting");
        assert.equal(text(await greeting), "greeting");
        client.end("reply");
        assert.equal(text(await reply), "reply");
      }));

    it("passes the client's reset on", () =>
      scene(async (client, upstream) => {
        const error = errorOf(upstream);
        client.resetAndDestroy();
        assert.equal(await error, "ECONNRESET");
      }));

    it("passes the upstream's reset on", () =>
      scene(async (client, upstream) => {
        const error = errorOf(client);
        upstream.resetAndDestroy();
        assert.equal(await error, "ECONNRESET");
      }));

    it("brings all bytes to a client that reads late, after the upstream is gone", () =>
      scene(async (client, upstream) => {
        const sent = randomBytes(3 << 20);
        client.pause();
        upstream.end(sent);
        await once(upstream, "finish");
        const received = collect(client);
        client.end();
        assert.deepEqual(digest(await received), digest(sent));
      }));

    if (driver === "uring") {
      it("passes the client's reset on while its data is stalled", () =>
        scene(async (client, upstream) => {
          upstream.pause();
          await fill(client);
          const error = errorOf(upstream);
          client.resetAndDestroy();
          // What had arrived before may still be read; then comes the reset.
          upstream.resume();
          assert.equal(await error, "ECONNRESET");
        }));

      it("passes the upstream's reset on while its data is stalled", () =>
        scene(async (client, upstream) => {
          client.pause();
          await fill(upstream);
          const error = errorOf(client);
          upstream.resetAndDestroy();
          client.resume();
          assert.equal(await error, "ECONNRESET");
        }));
    }
  });

  it(`clients that do not read leave the others their service on the ${driver} driver`, async () => {
    const download = randomBytes(2 << 20);
    const upstream = await startUpstream((socket) => {
      socket.once("data", (bytes: Uint8Array) => {
        if (bytes[0] === DOWNLOAD) socket.end(download);
        else socket.end(bytes);
      });
    });
    const command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${upstream.port}`]);
    const stalled: Socket[] = [];
    try {
      const port = await command.port();
      for (let index = 0; index < STALLED_CLIENTS; index++) {
        const client = await connect({ port });
        client.pause();
        client.write(new Uint8Array([DOWNLOAD]));
        stalled.push(client);
      }
      await untilNothingMoves(upstream.sockets);
      for (let round = 0; round < 5; round++) {
        const client = await connect({ port });
        const answer = collect(client);
        client.end("question");
        assert.equal(text(await answer), "question");
      }
      // And those go on where they stopped.
      for (const client of stalled.slice(0, 20)) assert.deepEqual(digest(await collect(client)), digest(download));
    } finally {
      for (const client of stalled) client.destroy();
      await command.stop();
      await upstream.close();
    }
  });

  describe(`endpoints on the ${driver} driver`, () => {
    it("are used one after the other", async () => {
      const upstreams = await Promise.all(["a", "b", "c"].map(startNamed));
      const to = upstreams.flatMap(({ port }) => ["--to", `tcp://127.0.0.1:${port}`]);
      const command = new RunningCommand([...OPTIONS, ...to]);
      try {
        const port = await command.port();
        let names = "";
        for (let i = 0; i < 9; i++) names += await greeting(port);
        assert.equal(names, names.slice(0, 3).repeat(3));
        assert.deepEqual([...names.slice(0, 3)].sort(), ["a", "b", "c"]);
      } finally {
        await command.stop();
        await Promise.all(upstreams.map((upstream) => upstream.close()));
      }
    });

    it("are used by the fewest connections when that is asked for", async () => {
      const upstreams = await Promise.all(["a", "b"].map(startNamed));
      const to = upstreams.flatMap(({ port }) => ["--to", `tcp://127.0.0.1:${port}`]);
      const command = new RunningCommand([...OPTIONS, ...to, "--balance", "least-connections"]);
      const held: Socket[] = [];
      try {
        const port = await command.port();
        const [first, second] = [await hold(port, held), await hold(port, held)];
        assert.notEqual(first, second);
        // One endpoint is freed: all that follow go there until it has as many again.
        held.shift()?.destroy();
        const freed = upstreams[first === "a" ? 0 : 1] as Upstream;
        await until(
          () => freed.sockets[0]?.destroyed === true || freed.sockets[0]?.readableEnded === true,
          "it was freed",
        );
        assert.equal(await hold(port, held), first);
      } finally {
        for (const socket of held) socket.destroy();
        await command.stop();
        await Promise.all(upstreams.map((upstream) => upstream.close()));
      }
    });

    it("that refuse are skipped, and no client notices", async () => {
      const alive = await startNamed("alive");
      const to = [await unusedPort(), alive.port, await unusedPort()].flatMap((port) => [
        "--to",
        `tcp://127.0.0.1:${port}`,
      ]);
      const command = new RunningCommand([...OPTIONS, ...to]);
      try {
        const port = await command.port();
        for (let i = 0; i < 6; i++) assert.equal(await greeting(port), "alive");
        assert.match(command.error, /warning worker 0: cannot connect to 127\.0\.0\.1:\d+: ECONNREFUSED/);
      } finally {
        await command.stop();
        await alive.close();
      }
    });

    it("that all refuse make the client see a reset", async () => {
      const command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${await unusedPort()}`]);
      try {
        const port = await command.port();
        // It may be reset before it is connected here.
        const error = await connect({ port }).then(errorOf, ({ code }: NodeJS.ErrnoException) => code);
        assert.equal(error, "ECONNRESET");
      } finally {
        await command.stop();
      }
    });

    it("that do not answer are given up after the connect timeout, and the next one is tried", async () => {
      const hanging = await startFullBacklog();
      const alive = await startNamed("alive");
      const to = [hanging.port, alive.port].flatMap((port) => ["--to", `tcp://127.0.0.1:${port}`]);
      const command = new RunningCommand([...OPTIONS, ...to, "--connect-timeout-ms", "150"]);
      try {
        const port = await command.port();
        for (let i = 0; i < 2; i++) assert.equal(await greeting(port), "alive");
        assert.match(command.error, new RegExp(`cannot connect to 127\\.0\\.0\\.1:${hanging.port}: ETIMEDOUT`));
      } finally {
        await command.stop();
        await alive.close();
        hanging.close();
      }
    });
  });

  describe(`an idle connection on the ${driver} driver`, () => {
    it("is closed after the idle timeout, and one that is used is not", async () => {
      const upstream = await startEcho();
      const command = new RunningCommand([
        ...OPTIONS,
        "--to",
        `tcp://127.0.0.1:${upstream.port}`,
        "--idle-timeout-ms",
        "400",
      ]);
      try {
        const port = await command.port();
        const idle = await connect({ port });
        const busy = await connect({ port });
        const busyClosed = once(busy, "close");
        let ended = false;
        idle.once("end", () => {
          ended = true;
        });
        idle.resume();
        // The busy one says something, and waits for the echo, until the idle one has ended.
        while (!ended) {
          busy.write("x");
          await Promise.race([
            once(busy, "data"),
            busyClosed.then(() => assert.fail("the busy connection was closed")),
          ]);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        busy.destroy();
        idle.destroy();
      } finally {
        await command.stop();
        await upstream.close();
      }
    });
  });

  describe(`stopping on the ${driver} driver`, () => {
    it("accepts no more, lets connections finish, and exits with 0", async () => {
      const upstream = await startEcho();
      const command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${upstream.port}`]);
      const port = await command.port();
      const client = await connect({ port });
      await echoOnce(client);
      command.signal("SIGTERM");
      await command.until((_, error) => error.includes("waiting for 1 connection"), "it drains");
      await until(() => isRefused(port), "new connections are refused");
      await echoOnce(client);
      client.end();
      const finished = await command.finished;
      assert.equal(finished.code, 0, finished.error);
      await upstream.close();
    });

    it("cuts connections off after the drain timeout", async () => {
      const upstream = await startEcho();
      const command = new RunningCommand([
        ...OPTIONS,
        "--to",
        `tcp://127.0.0.1:${upstream.port}`,
        "--drain-timeout-ms",
        "100",
      ]);
      const client = await connect({ port: await command.port() });
      await echoOnce(client);
      const closed = new Promise((resolve) => client.once("close", resolve));
      client.on("error", () => {});
      client.on("end", () => client.destroy());
      command.signal("SIGINT");
      await closed;
      const finished = await command.finished;
      assert.match(finished.error, /1 connection cut off/);
      assert.equal(finished.code, 0, finished.error);
      await upstream.close();
    });

    it("ends at once at a second signal", async () => {
      const upstream = await startEcho();
      const command = new RunningCommand([...OPTIONS, "--to", `tcp://127.0.0.1:${upstream.port}`]);
      const client = await connect({ port: await command.port() });
      client.on("error", () => {});
      await echoOnce(client);
      command.signal("SIGTERM");
      await command.until((_, error) => error.includes("waiting for 1 connection"), "it drains");
      const repeat = setInterval(() => command.signal("SIGTERM"), 100);
      const finished = await command.finished;
      clearInterval(repeat);
      assert.match(finished.error, /SIGTERM again: ending at once/);
      assert.equal(finished.code, 1);
      client.destroy();
      await upstream.close();
    });
  });
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += 65536) crypto.getRandomValues(bytes.subarray(offset, offset + 65536));
  return bytes;
}

/** All bytes up to the end. Iterating over the socket would destroy it there, and with it the other direction. */
function collect(socket: Socket): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    socket.on("data", (bytes: Uint8Array) => parts.push(bytes));
    socket.once("end", () => resolve(Buffer.concat(parts)));
    socket.once("error", reject);
    socket.resume();
  });
}

/** Comparing megabytes byte by byte makes a failure unreadable. */
function digest(bytes: Uint8Array): { length: number; hash: number } {
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) | 0;
  return { length: bytes.length, hash };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The code of the error with which a socket ends; `""` if it ends without one. */
function errorOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let code = "";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      code = error.code ?? error.message;
    });
    socket.on("close", () => resolve(code));
    socket.on("end", () => socket.end());
    if (!socket.isPaused()) socket.resume();
  });
}

/** Write until nothing more is taken, neither by the sockets on the way nor by the proxy. */
async function fill(socket: Socket): Promise<void> {
  const piece = new Uint8Array(1 << 20);
  while (true) {
    const before = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength < piece.length) socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (socket.writableLength >= piece.length && socket.bytesWritten - socket.writableLength === before) return;
  }
}

async function echoOnce(socket: Socket): Promise<void> {
  const echoed = once(socket, "data");
  socket.write("ping");
  assert.equal(text(((await echoed) as [Uint8Array])[0]), "ping");
}

async function greeting(port: number): Promise<string> {
  const socket = await connect({ port });
  const [bytes] = (await once(socket, "data")) as [Uint8Array];
  socket.destroy();
  return text(bytes);
}

async function hold(port: number, held: Socket[]): Promise<string> {
  const socket = await connect({ port });
  socket.on("error", () => {});
  held.push(socket);
  const [bytes] = (await once(socket, "data")) as [Uint8Array];
  return text(bytes);
}

async function isRefused(port: number): Promise<boolean> {
  try {
    (await connect({ port })).destroy();
    return false;
  } catch {
    return true;
  }
}

/** Nothing is taken from these sockets any more. */
async function untilNothingMoves(sockets: readonly Socket[]): Promise<void> {
  let last = "";
  let same = 0;
  await until(() => {
    const now = sockets.map(({ writableLength }) => writableLength).join();
    same = now === last ? same + 1 : 0;
    last = now;
    return same > 20;
  }, "nothing moves");
}
