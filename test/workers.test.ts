/**
 * Worker threads: started, crashed and replaced, stopped.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { defaultProxyConfig, type ProxyConfig } from "../lib/server/config.ts";
import { startProxy } from "../lib/server/start_proxy.ts";
import { connect, runtimeCommand, until } from "./support/command.ts";
import { startEcho } from "./support/servers.ts";

const CRASHING_WORKER = new URL("./support/crashing_worker.ts", import.meta.url);

function config(port: number, socketInterface: "uring" | "default", workers: number): ProxyConfig {
  return {
    ...defaultProxyConfig,
    listen: [{ family: "name", host: "127.0.0.1", port: 0 }],
    to: [{ family: "name", host: "127.0.0.1", port }],
    socketInterface,
    workers,
  };
}

for (const driver of ["uring", "default"] as const) {
  describe(`a worker that crashes on the ${driver} driver`, () => {
    it("is reported and replaced, and the others go on", async () => {
      const trigger = `/tmp/ringway-test-${crypto.randomUUID()}`;
      process.env["RINGWAY_TEST_CRASH"] = trigger;
      const echo = await startEcho();
      const messages: string[] = [];
      const proxy = await startProxy(config(echo.port, driver, 2), {
        workerUrl: CRASHING_WORKER,
        log: (level, message) => void messages.push(`${level} ${message}`),
      });
      const clients: Socket[] = [];
      try {
        const [address] = proxy.addresses;
        assert.ok(address !== undefined && address.family !== "unix");
        const { port } = address;
        // The kernel spreads connections over the workers; by 24 each has some, as good as certainly.
        for (let i = 0; i < 24; i++) clients.push(await connectedEcho(port));
        // By an end or by a reset, as it happens.
        const closed = clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
        writeFileSync(trigger, "");
        await Promise.race(closed);
        await until(
          () => messages.some((message) => /^error worker \d crashed .*crashed for a test/s.test(message)),
          "it is reported",
        );
        await until(() => messages.some((message) => /^info worker \d runs again/.test(message)), "it is replaced");
        const alive = clients.filter((client) => !client.destroyed);
        assert.ok(
          alive.length > 0 && alive.length < clients.length,
          `${alive.length} of ${clients.length} connections are left`,
        );
        for (const client of alive) await echoOnce(client);
        for (let i = 0; i < 24; i++) clients.push(await connectedEcho(port));
        for (const client of clients) client.destroy();
        await until(() => proxy.statistics().downstream_connections_active === 0, "no connection is counted any more");
      } finally {
        for (const client of clients) client.destroy();
        await proxy.close();
        await echo.close();
      }
    });

    it("is given up at the start, with its reason", async () => {
      const missing = new URL("./support/no_such_worker.ts", import.meta.url);
      await assert.rejects(startProxy(config(1, driver, 2), { workerUrl: missing }), /A worker thread could not start/);
    });
  });
}

describe("starting and stopping", () => {
  it("can be repeated in one process, with connections open, without a crash", async () => {
    const [program = "", ...rest] = runtimeCommand("test/support/start_and_stop.ts", ["12"]);
    const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (bytes: Uint8Array) => (output += new TextDecoder().decode(bytes)));
    child.stderr.on("data", (bytes: Uint8Array) => (output += new TextDecoder().decode(bytes)));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    assert.equal(signal, null, output);
    assert.equal(code, 0, output);
    const more = /^12 rounds, (-?\d+) descriptors more than at first\n$/.exec(output)?.[1];
    // A place in the shim's table of rings keeps its eventfd, and rounds that overlap use more places. A
    // leak would be one for each of 9 rounds at the least.
    assert.ok(more !== undefined && Number(more) < 9, output);
  });
});

async function connectedEcho(port: number): Promise<Socket> {
  const socket = await connect({ port });
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  await echoOnce(socket);
  return socket;
}

async function echoOnce(socket: Socket): Promise<void> {
  const echoed = once(socket, "data");
  socket.write("ping");
  await echoed;
}
