/**
 * What goes wrong around the proxy, caused for real: no descriptors left, upstreams that die, libraries
 * that do not fit, kernels without io_uring.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, RunningCommand, runToEnd, until, unusedPort } from "./support/command.ts";
import { createHosts } from "./support/hosts.ts";
import { missing, startServer } from "./support/programs.ts";
import { startEcho, startUpstream } from "./support/servers.ts";

const LISTEN = ["--listen", "127.0.0.1:0", "--workers", "1"];
/** Built by `zig build test-tools`: fails io_uring_setup with an errno for the program that it runs. */
const DENY_IO_URING = fileURLToPath(new URL("../zig-out/bin/deny_io_uring", import.meta.url));

for (const driver of ["uring", "default"]) {
  const options = [...LISTEN, "--socket-interface", driver];

  describe(`no descriptor left on the ${driver} driver`, { skip: missing("prlimit") }, () => {
    it("rests accepting, does not spin, and goes on once there are some", async () => {
      const echo = await startEcho();
      const to = ["--to", `tcp://127.0.0.1:${echo.port}`, "--max-connections", "100000", "--connect-attempts", "1"];
      const command = new RunningCommand([...options, ...to], { wrapper: ["prlimit", "--nofile=96:96"] });
      const clients: Socket[] = [];
      try {
        const port = await command.port();
        for (let i = 0; i < 120; i++) {
          // One that is accepted without a descriptor for its upstream is reset, perhaps before it is connected here.
          const client = await connect({ port }).catch(() => null);
          if (client === null) continue;
          client.on("error", () => {});
          clients.push(client);
        }
        await command.until((_, error) => /EMFILE/.test(error), "it ran out of descriptors");
        // All that it could accept is accepted: from now on it has nothing to do.
        const usedBefore = processorMs(command);
        const startedMs = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 500));
        const share = (processorMs(command) - usedBefore) / (performance.now() - startedMs);
        assert.ok(share < 0.5, `it used ${Math.round(share * 100)} % of a processor while it could do nothing`);
        for (const client of clients.splice(0)) client.destroy();
        await until(async () => await echoes(port), "new connections are relayed");
      } finally {
        for (const client of clients) client.destroy();
        await command.stop();
        await echo.close();
      }
    });
  });

  describe(`too many connections on the ${driver} driver`, () => {
    it("wait until others have ended, at --max-connections", async () => {
      const echo = await startEcho();
      const command = new RunningCommand([
        ...options,
        "--to",
        `tcp://127.0.0.1:${echo.port}`,
        "--max-connections",
        "2",
      ]);
      const clients: Socket[] = [];
      try {
        const port = await command.port();
        for (let i = 0; i < 2; i++) {
          const client = await connect({ port });
          await echoOnce(client);
          clients.push(client);
        }
        // The kernel accepts it into the backlog; the proxy does not, until one of the two is gone.
        const third = await connect({ port });
        clients.push(third);
        third.write("ping");
        const echoed = once(third, "data");
        const first = clients[0] as Socket;
        await echoOnce(first);
        assert.equal(echo.sockets.length, 2);
        first.destroy();
        await echoed;
      } finally {
        for (const client of clients) client.destroy();
        await command.stop();
        await echo.close();
      }
    });
  });

  if (driver === "uring") {
    it("many connections at once are accepted no faster than others end, at --max-connections", async () => {
      const echo = await startEcho();
      const to = ["--to", `tcp://127.0.0.1:${echo.port}`, "--max-connections", "5"];
      const command = new RunningCommand([...options, ...to]);
      const clients: Socket[] = [];
      try {
        const port = await command.port();
        const served = new Set<Socket>();
        for (let i = 0; i < 60; i++) {
          const client = await connect({ port });
          clients.push(client);
          client.on("data", () => served.add(client));
          client.write("x");
        }
        let ended = 0;
        while (ended < clients.length) {
          await until(() => served.size > 0, "connections are served");
          assert.ok(echo.sockets.length <= ended + 5, `${echo.sockets.length} relayed after ${ended} have ended`);
          for (const client of served) client.destroy();
          ended += served.size;
          served.clear();
        }
      } finally {
        for (const client of clients) client.destroy();
        await command.stop();
        await echo.close();
      }
    });
  }

  it(`a file in the place of a unix socket is left alone on the ${driver} driver`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringway-"));
    const path = join(folder, "precious");
    try {
      await writeFile(path, "precious");
      const arguments_ = ["--listen", `unix:${path}`, "--workers", "1", "--socket-interface", driver];
      const finished = await runToEnd(arguments_);
      assert.equal(finished.code, 1);
      assert.match(finished.error, /Cannot listen on unix:.*EADDRINUSE/);
      assert.equal(await readFile(path, "utf8"), "precious");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe(`an upstream that dies on the ${driver} driver`, { skip: missing("socat") }, () => {
    it("in the middle of a transfer, is seen at once by its client, and others go on", async () => {
      const socat = await startServer("socat", (port) => [
        `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`,
        "EXEC:cat /dev/zero",
      ]);
      const command = new RunningCommand([...options, "--to", `tcp://127.0.0.1:${socat.port}`]);
      try {
        const port = await command.port();
        const client = await connect({ port });
        client.on("error", () => {});
        let received = 0;
        client.on("data", (bytes: Uint8Array) => (received += bytes.length));
        await until(() => received > 1 << 20, "the transfer is under way");
        const closed = new Promise((resolve) => {
          client.once("end", resolve);
          client.once("close", resolve);
        });
        await socat.kill();
        await closed;
        assert.equal(await outcomeOf(port), "ECONNRESET", "nobody listens any more");
      } finally {
        await command.stop();
      }
    });
  });
}

describe("an upstream that nobody serves", () => {
  it("is reported once a second, not once a connection", async () => {
    const command = new RunningCommand([...LISTEN, "--to", `tcp://127.0.0.1:${await unusedPort()}`]);
    try {
      const port = await command.port();
      for (let i = 0; i < 50; i++) assert.equal(await outcomeOf(port), "ECONNRESET");
      const lines = command.error.split("\n").filter((line) => line.includes("ECONNREFUSED"));
      assert.ok(lines.length >= 1 && lines.length < 50, `${lines.length} lines`);
    } finally {
      await command.stop();
    }
  });
});

describe("names that change", () => {
  it("are resolved again while the proxy runs", { skip: missing("unshare", "mount") }, async () => {
    // A hosts file of its own for the proxy: the name moves from one upstream's address to the other's.
    const first = await startUpstream((socket) => void socket.end("first"), { host: "127.0.0.2" });
    const second = await startUpstream((socket) => void socket.end("second"), { host: "127.0.0.3", port: first.port });
    const hosts = createHosts("127.0.0.2 moving.test");
    const to = ["--to", `tcp://moving.test:${first.port}`, "--dns-refresh-ms", "50"];
    const command = new RunningCommand([...LISTEN, ...to], { wrapper: hosts.wrapper });
    try {
      const port = await command.port();
      assert.equal(await readAll(await connect({ port })), "first");
      hosts.change("127.0.0.3 moving.test");
      await until(async () => (await readAll(await connect({ port }))) === "second", "the other address is used");
      assert.match(command.error, /the endpoints changed: 127\.0\.0\.3:/);
      hosts.change("");
      await command.until(
        (_, error) => /Cannot resolve "moving\.test".*its last addresses stay in use/.test(error),
        "it is said",
      );
      assert.equal(await readAll(await connect({ port })), "second");
    } finally {
      await command.stop();
      hosts.remove();
      await first.close();
      await second.close();
    }
  });
});

describe("a library that does not fit", () => {
  const cases: [path: string, message: RegExp][] = [
    ["/no/such/library.so", /Cannot load the library "\/no\/such\/library\.so"/],
    [
      fileURLToPath(new URL("../zig-out/lib/libwrong_abi.so", import.meta.url)),
      /has ABI version 999999, and this version of ringway needs \d+: unset RINGWAY_LIBRARY/,
    ],
  ];
  for (const [path, message] of cases) {
    it(`is named, with what to do: ${message.source.slice(0, 40)}`, async () => {
      const environment = { RINGWAY_LIBRARY: path };
      const required = await runToEnd([...LISTEN, "--socket-interface", "uring"], { environment });
      assert.match(required.error, message);
      assert.equal(required.code, 1);
      assert.doesNotMatch(required.error, /^\s+at /m);
      const automatic = new RunningCommand([...LISTEN, "--socket-interface", "auto"], { environment });
      try {
        assert.match(await automatic.ready(), /socket interface default \(/);
        await automatic.until((_, error) => /warning RINGWAY_LIBRARY names a library, but/.test(error), "it warns");
      } finally {
        await automatic.stop();
      }
    });
  }
});

describe("a machine where io_uring is blocked", () => {
  const cases: [errno: string, reason: RegExp][] = [
    ["1", /io_uring is forbidden to this process \(EPERM\), most likely by a container's seccomp profile: allow/],
    ["38", /This kernel has no io_uring \(ENOSYS\)/],
    ["12", /The kernel has no memory for the ring \(ENOMEM\): raise the limit of locked memory/],
  ];
  for (const [errno, reason] of cases) {
    it(`(errno ${errno}) is told in the ready line, and relays all the same`, async () => {
      const echo = await startEcho();
      const wrapper = [DENY_IO_URING, errno];
      const command = new RunningCommand([...LISTEN, "--to", `tcp://127.0.0.1:${echo.port}`], { wrapper });
      try {
        const line = await command.ready();
        assert.match(line, /socket interface default \(/);
        assert.match(line, reason);
        assert.ok(await echoes(await command.port()));
      } finally {
        await command.stop();
        await echo.close();
      }
    });

    it(`(errno ${errno}) is a failure with its cure when io_uring is asked for`, async () => {
      const finished = await runToEnd([...LISTEN, "--socket-interface", "uring"], { wrapper: [DENY_IO_URING, errno] });
      assert.match(finished.error, reason);
      assert.equal(finished.code, 1);
      assert.equal(finished.out, "");
      assert.doesNotMatch(finished.error, /^\s+at /m);
    });
  }
});

describe("a kernel without some features", () => {
  const all = "multishot_accept,multishot_receive,deferred_task_run,single_issuer,cooperative_task_run,submit_all";
  for (const disabled of [
    "multishot_receive",
    "multishot_accept",
    "deferred_task_run",
    `${all},registered_ring,skip_success,poll_first`,
  ]) {
    it(`relays without ${disabled}`, async () => {
      const echo = await startEcho();
      const environment = { RINGWAY_DISABLE: disabled };
      const command = new RunningCommand(
        [...LISTEN, "--to", `tcp://127.0.0.1:${echo.port}`, "--socket-interface", "uring"],
        { environment },
      );
      try {
        const port = await command.port();
        for (let i = 0; i < 3; i++) assert.ok(await echoes(port));
      } finally {
        await command.stop();
        await echo.close();
      }
    });
  }

  it("relays with submission queue polling", async () => {
    const echo = await startEcho();
    const options = ["--socket-interface", "uring", "--use-submission-queue-polling"];
    const command = new RunningCommand([...LISTEN, "--to", `tcp://127.0.0.1:${echo.port}`, ...options]);
    try {
      assert.ok(await echoes(await command.port()));
    } finally {
      await command.stop();
      await echo.close();
    }
  });

  it("relays with the smallest sizes", async () => {
    const echo = await startEcho();
    const options = ["--io-uring-size", "8", "--read-buffer-size", "1024", "--accept-size", "1"];
    const command = new RunningCommand([...LISTEN, "--to", `tcp://127.0.0.1:${echo.port}`, ...options]);
    try {
      const port = await command.port();
      await Promise.all(Array.from({ length: 40 }, async () => assert.ok(await echoes(port))));
    } finally {
      await command.stop();
      await echo.close();
    }
  });

  it("without what io_uring is of no use without is told, and relays all the same", async () => {
    const command = new RunningCommand(LISTEN, { environment: { RINGWAY_DISABLE: "buffer_rings" } });
    try {
      assert.match(await command.ready(), /socket interface default \(io_uring is not used without buffer_rings/);
    } finally {
      await command.stop();
    }
  });
});

/** Processor time of a command in milliseconds, all of its threads together. */
function processorMs(command: RunningCommand): number {
  const fields = readFileSync(`/proc/${command.child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

async function echoOnce(socket: Socket): Promise<void> {
  const echoed = once(socket, "data");
  socket.write("ping");
  await echoed;
}

async function echoes(port: number): Promise<boolean> {
  const socket = await connect({ port }).catch(() => null);
  if (socket === null) return false;
  return await new Promise((resolve) => {
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(false));
    socket.once("end", () => socket.destroy());
    socket.write("ping");
  });
}

/** The code of the error with which a connection ends; a reset may come before the runtime calls it connected. */
async function outcomeOf(port: number): Promise<string> {
  const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);
  try {
    const socket = await connect({ port });
    return await new Promise((resolve) => {
      socket.on("error", (error) => resolve(codeOf(error)));
      socket.on("close", () => resolve(""));
      socket.on("end", () => socket.end());
      socket.resume();
    });
  } catch (error) {
    return codeOf(error);
  }
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const bytes of socket) text += new TextDecoder().decode(bytes as Uint8Array);
  return text;
}
