/**
 * A Vite dev server behind the proxy: its modules, and the WebSocket that tells of changes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import type { RunningCommand } from "../support/command.ts";
import { DEV_FRONTS, FRONTS } from "../support/front.ts";
import { SocketMessages } from "../support/socket_messages.ts";
import { ViteProject } from "../support/vite_project.ts";

describe("a Vite dev server behind the proxy", () => {
  let project: ViteProject;
  before(async () => {
    project = await ViteProject.start();
  });
  after(async () => {
    await project.close();
  });

  for (const front of [...FRONTS, ...DEV_FRONTS]) {
    describe(`started ${front.name}`, () => {
      let command: RunningCommand;
      let url = "";
      before(async () => {
        command = front.start(project.port);
        url = `http://127.0.0.1:${await command.port()}`;
      });
      after(async () => {
        await command.stop();
        assert.equal(command.error, "");
      });

      async function text(path: string, headers: Record<string, string> = {}): Promise<string> {
        const response = await fetch(url + path, { headers });
        assert.equal(response.status, 200, path);
        return await response.text();
      }

      it("serves the page, with Vite's client in it, and the modules", async () => {
        const page = await text("/", { accept: "text/html" });
        assert.match(page, /src="\/@vite\/client"/);
        assert.match(page, /src="\/src\/main\.js"/);
        assert.match(await text("/src/main.js"), /from "\/src\/greeting\.js/);
        assert.match(await text("/src/greeting.js"), /export const greeting = /);
      });

      it("answers with 304 to a module that has not changed", async () => {
        const response = await fetch(`${url}/src/main.js`);
        await response.text();
        const tag = response.headers.get("etag");
        assert.ok(tag !== null);
        assert.equal((await fetch(`${url}/src/main.js`, { headers: { "if-none-match": tag } })).status, 304);
      });

      it("tells of a change through the WebSocket, and then serves the changed module", async () => {
        const [, token] = /wsToken = "([^"]+)"/.exec(await text("/@vite/client")) ?? [];
        const socket = new WebSocket(`${url.replace("http", "ws")}/?token=${token}`, "vite-hmr");
        const messages = new SocketMessages(socket);
        assert.equal(await messages.next(), '{"type":"connected"}');
        // Vite tells of modules that somebody has asked for.
        await text("/src/main.js");
        await text("/src/greeting.js");
        const greeting = `changed ${front.name}`;
        project.greet(greeting);
        const update = JSON.parse(await messages.next((message) => message.includes('"update"')));
        assert.equal(update.updates[0].acceptedPath, "/src/greeting.js");
        assert.equal(update.updates[0].type, "js-update");
        const path = `${update.updates[0].acceptedPath}?t=${update.updates[0].timestamp}`;
        assert.ok((await text(path)).includes(greeting));
        const closed = once(socket, "close");
        socket.close();
        await closed;
      });
    });
  }
});
