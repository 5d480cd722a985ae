/**
 * Several workers with an application behind them, and how the proxy ends while a WebSocket and a stream are open.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { connect, type RunningCommand, until } from "../support/command.ts";
import { DRIVERS } from "../support/front.ts";
import { startHono } from "../support/hono_servers.ts";
import { client, statusOf } from "../support/http_peers.ts";
import { startProxy } from "../support/http_scene.ts";
import type { ServerProgram } from "../support/programs.ts";
import { SocketMessages } from "../support/socket_messages.ts";

/** So many that both workers have some. */
const CONNECTIONS = 24;
const REQUEST = "GET /new?from=here HTTP/1.1\r\nHost: a\r\n\r\n";

interface Talk {
  readonly socket: WebSocket;
  readonly messages: SocketMessages;
}

async function talk(port: number): Promise<Talk> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  const messages = new SocketMessages(socket);
  assert.equal(await messages.next(), "welcome");
  return { socket, messages };
}

async function assertAnswers({ socket, messages }: Talk, text: string): Promise<void> {
  socket.send(text);
  assert.equal(await messages.next(), `you said ${text}`);
}

async function refuses(port: number): Promise<boolean> {
  try {
    (await connect({ port })).destroy();
    return false;
  } catch {
    return true;
  }
}

for (const driver of DRIVERS) {
  describe(`two workers in front of an application, on the ${driver} driver`, () => {
    let app: ServerProgram;
    before(async () => {
      app = await startHono();
    });
    after(async () => {
      await app.kill();
    });

    async function withWorkers(
      options: readonly string[],
      use: (command: RunningCommand, port: number) => Promise<void>,
    ): Promise<void> {
      const command = startProxy(driver, [app.port], ["--workers", "2", ...options]);
      try {
        await use(command, await command.port());
      } finally {
        await command.stop();
      }
    }

    it("keep connections and WebSockets open side by side", () =>
      withWorkers([], async (command, port) => {
        const numbers = Array.from({ length: CONNECTIONS }, (_, number) => number);
        const talks = await Promise.all(numbers.map(() => talk(port)));
        const peers = await Promise.all(numbers.map(() => client(port)));
        for (let round = 0; round < 3; round++) {
          const answers = talks.map((one, number) => assertAnswers(one, `${round} ${number}`));
          const responses = peers.map(async (peer) => {
            peer.send(REQUEST);
            const response = await peer.response();
            assert.deepEqual([statusOf(response), response.body], [200, "new, from here"]);
          });
          await Promise.all([...answers, ...responses]);
        }
        const closed = talks.map(({ socket }) => once(socket, "close"));
        for (const { socket } of talks) socket.close();
        await Promise.all(closed);
        for (const peer of peers) peer.destroy();
        assert.equal(command.error, "");
      }));

    it("let a WebSocket and a stream go on after SIGTERM, and end when these have ended", () =>
      withWorkers([], async (command, port) => {
        const open = await talk(port);
        const idle = await client(port);
        idle.send(REQUEST);
        assert.equal(statusOf(await idle.response()), 200);
        const events = await client(port);
        events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        await events.takeThrough("step 0\n");

        command.signal("SIGTERM");
        await idle.until(() => idle.isOver, "the connection that had nothing to do was closed");
        await until(() => refuses(port), "new connections were refused");
        for (let id = 1; id < 4; id++) {
          await (await fetch(`http://127.0.0.1:${app.port}/go`)).text();
          await events.takeThrough(`step ${id}\n`);
          await assertAnswers(open, `still ${id}`);
        }
        await events.takeThrough("\r\n0\r\n\r\n");
        await events.until(() => events.isOver, "the stream's connection was closed behind its end");
        assert.equal(events.errorCode, "");
        await assertAnswers(open, "the last one");
        const closed = once(open.socket, "close") as Promise<[CloseEvent]>;
        open.socket.close(4003, "done");
        assert.equal((await closed)[0].code, 4003);

        const { code, error } = await command.finished;
        assert.equal(code, 0);
        assert.doesNotMatch(error, /cut off/);
      }));

    it("cut off after SIGTERM what does not end in time, and say so", () =>
      withWorkers(["--drain-timeout-ms", "300"], async (command, port) => {
        const open = await talk(port);
        const events = await client(port);
        events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        await events.takeThrough("step 0\n");
        const closed = once(open.socket, "close") as Promise<[CloseEvent]>;
        command.signal("SIGTERM");
        assert.equal((await closed)[0].wasClean, false);
        await events.until(() => events.isOver, "the stream was cut off");
        const { code, error } = await command.finished;
        assert.equal(code, 0);
        assert.match(error, /the drain timeout is over: 2 connections cut off/);
      }));
  });
}
