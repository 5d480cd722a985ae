/**
 * An application on Hono behind the proxy, served by the runtime's own server and by Node's.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import type { RunningCommand } from "../support/command.ts";
import { DEV_FRONTS, FRONTS, type Front } from "../support/front.ts";
import { LARGE_BYTES, largeByte } from "../support/hono_app.ts";
import { HONO_SERVERS } from "../support/hono_servers.ts";
import type { ServerProgram } from "../support/programs.ts";

const LARGE = Uint8Array.from({ length: LARGE_BYTES }, (_, at) => largeByte(at));
const LARGE_SHA256 = sha256(LARGE);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Pieces of a body, until it has a text. */
async function readThrough(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes(wanted)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The end came before ${wanted}: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

for (const [number, server] of HONO_SERVERS.entries()) {
  // Each server with both drivers and both ways to start; all pairs would tell no more.
  const fronts = FRONTS.filter((_, at) => (at === 0 || at === 3) === (number === 0));
  for (const front of [...fronts, DEV_FRONTS[number % 2] as Front]) {
    describe(`Hono on ${server.name} behind the proxy, started ${front.name}`, { skip: server.skip }, () => {
      let app: ServerProgram;
      let command: RunningCommand;
      let url = "";
      before(async () => {
        app = await server.start();
        command = front.start(app.port);
        url = `http://127.0.0.1:${await command.port()}`;
      });
      after(async () => {
        await command.stop();
        await app.kill();
        assert.equal(command.error, "");
      });

      it("answers with JSON, and knows the host and the client", async () => {
        const response = await fetch(`${url}/?a=b`);
        assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
        assert.deepEqual(await response.json(), { url: `${url}/?a=b`, forwardedFor: "127.0.0.1" });
      });

      it("sends events, each of which arrives before the next one is sent", async () => {
        const response = await fetch(`${url}/events`, { headers: { accept: "text/event-stream" } });
        assert.equal(response.headers.get("content-type"), "text/event-stream");
        assert.ok(response.body !== null);
        const reader = response.body.getReader();
        for (let id = 0; id < 4; id++) {
          assert.match(await readThrough(reader, "\n\n"), new RegExp(`data: step ${id}\n`));
          await (await fetch(`${url}/go`)).text();
        }
        assert.equal((await reader.read()).done, true);
      });

      it("is no longer asked for events when the client is gone", async () => {
        const abort = new AbortController();
        const response = await fetch(`${url}/events`, { signal: abort.signal });
        assert.ok(response.body !== null);
        await readThrough(response.body.getReader(), "step 0");
        abort.abort();
        assert.equal(await (await fetch(`${url}/go`)).text(), "gone");
      });

      it("streams a large body", async () => {
        const bytes = new Uint8Array(await (await fetch(`${url}/large`)).arrayBuffer());
        assert.equal(bytes.length, LARGE_BYTES);
        assert.equal(sha256(bytes), LARGE_SHA256);
      });

      it("takes a form with a file", async () => {
        const form = new FormData();
        form.append("note", "with an ümlaut");
        form.append("file", new File([LARGE], "large.bin"));
        const response = await fetch(`${url}/upload`, { method: "POST", body: form });
        const expected = { note: "with an ümlaut", name: "large.bin", size: LARGE_BYTES, sha256: LARGE_SHA256 };
        assert.deepEqual(await response.json(), expected);
      });

      it("takes a body of a stream, whose length nobody knows", async () => {
        const body = new Blob([LARGE]).stream();
        const init = { method: "PUT", body, duplex: "half" } satisfies RequestInit & { duplex: "half" };
        const response = await fetch(`${url}/raw`, init);
        assert.deepEqual(await response.json(), { size: LARGE_BYTES, sha256: LARGE_SHA256 });
      });

      it("sets several cookies and gets them back", async () => {
        const response = await fetch(`${url}/cookies`, { headers: { cookie: "a=b; c=d" } });
        assert.equal(await response.text(), "a=b; c=d");
        assert.deepEqual(response.headers.getSetCookie(), [
          "session=a%20b; Path=/; HttpOnly",
          "theme=dark; Max-Age=1000; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT",
        ]);
      });

      it("redirects", async () => {
        const first = await fetch(`${url}/old`, { redirect: "manual" });
        assert.equal(first.status, 302);
        assert.equal(first.headers.get("location"), "/new?from=old");
        await first.body?.cancel();
        assert.equal(await (await fetch(`${url}/old`)).text(), "new, from old");
        const see = await fetch(`${url}/see`, { method: "POST", body: "x" });
        assert.equal(await see.text(), "new, from see");
      });

      it("compresses, has tags, and answers with every kind of status", async () => {
        const compressed = await fetch(`${url}/compressed`, { headers: { "accept-encoding": "gzip" } });
        assert.equal(compressed.headers.get("content-encoding"), "gzip");
        assert.equal(await compressed.text(), "compress me ".repeat(1000));
        const tag = (await fetch(`${url}/tagged`)).headers.get("etag");
        assert.ok(tag !== null);
        assert.equal((await fetch(`${url}/tagged`, { headers: { "if-none-match": tag } })).status, 304);
        assert.equal((await fetch(`${url}/empty`)).status, 204);
        assert.equal((await fetch(`${url}/missing`)).status, 404);
        const broken = await fetch(`${url}/broken`);
        assert.deepEqual([broken.status, await broken.text()], [500, "on purpose"]);
        const head = await fetch(`${url}/new?from=head`, { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
      });

      it("speaks with a WebSocket in text and bytes, and closes it in order", async () => {
        const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
        socket.binaryType = "arraybuffer";
        const next = async (): Promise<unknown> => ((await once(socket, "message")) as [MessageEvent<unknown>])[0].data;
        assert.equal(await next(), "welcome");
        const answer = next();
        socket.send("hello");
        assert.equal(await answer, "you said hello");
        const echo = next();
        socket.send(LARGE.subarray(0, 200_000));
        assert.equal(sha256(new Uint8Array((await echo) as ArrayBuffer)), sha256(LARGE.subarray(0, 200_000)));
        const closed = once(socket, "close") as Promise<[CloseEvent]>;
        socket.close(4001, "done");
        const [{ code, wasClean }] = await closed;
        assert.deepEqual([code, wasClean], [4001, true]);
      });
    });
  }
}
