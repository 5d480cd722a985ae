/**
 * An application on Hono, served by `serve`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import type { UpgradeWebSocket } from "hono/ws";
import { HttpClient } from "../../lib/web/mod.ts";
import { honoApp, LARGE_BYTES, largeByte } from "../support/hono_app.ts";
import { DRIVERS, type RealDriver, withServer } from "../support/web_scene.ts";

const LARGE = Uint8Array.from({ length: LARGE_BYTES }, (_, at) => largeByte(at));
const LARGE_SHA256 = sha256(LARGE);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** How Hono makes a WebSocket is each server's own, and this one has none. */
const NO_WEBSOCKETS = (() => () => new Response("no WebSockets", { status: 501 })) as unknown as UpgradeWebSocket;

/** The application, and something to fetch from it with. */
async function withHono(
  driver: RealDriver,
  use: (ask: (path: string, init?: RequestInit) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const app = honoApp(NO_WEBSOCKETS);
  await withServer(driver, app.fetch, {}, async ({ server, problems }) => {
    await use((path, init) => fetch(`${server.origin}${path}`, { redirect: "manual", ...init }));
    // What the runtime's fetch does, ours does.
    await using client = new HttpClient();
    await use((path, init) => client.fetch(`${server.origin}${path}`, init));
    assert.deepEqual(problems, []);
  });
}

for (const driver of DRIVERS) {
  describe(`Hono on the ${driver} driver`, () => {
    it("answers with JSON, cookies, redirects and every kind of status", async () => {
      await withHono(driver, async (ask) => {
        const json = (await (await ask("/?a=b")).json()) as { url: string };
        assert.match(json.url, /^http:\/\/127\.0\.0\.1:\d+\/\?a=b$/);
        const cookies = await ask("/cookies", { headers: { cookie: "a=b; c=d" } });
        assert.equal(await cookies.text(), "a=b; c=d");
        assert.equal(cookies.headers.getSetCookie().length, 2);
        const old = await ask("/old");
        assert.deepEqual([old.status, old.headers.get("location")], [302, "/new?from=old"]);
        await old.body?.cancel();
        const tag = (await ask("/tagged")).headers.get("etag") ?? "";
        assert.equal((await ask("/tagged", { headers: { "if-none-match": tag } })).status, 304);
        assert.equal((await ask("/empty")).status, 204);
        assert.equal((await ask("/missing")).status, 404);
        const broken = await ask("/broken");
        assert.deepEqual([broken.status, await broken.text()], [500, "on purpose"]);
        const head = await ask("/new?from=head", { method: "HEAD" });
        assert.deepEqual([head.status, await head.text()], [200, ""]);
        assert.equal((await ask("/ws")).status, 501);
      });
    });

    it("takes forms with files, and streams in both directions", async () => {
      await withHono(driver, async (ask) => {
        const form = new FormData();
        form.append("note", "with an ümlaut");
        form.append("file", new File([LARGE], "large.bin"));
        const upload = await ask("/upload", { method: "POST", body: form });
        const expected = { note: "with an ümlaut", name: "large.bin", size: LARGE_BYTES, sha256: LARGE_SHA256 };
        assert.deepEqual(await upload.json(), expected);
        const body = new Blob([LARGE]).stream();
        const raw = await ask("/raw", { method: "PUT", body, duplex: "half" } as RequestInit);
        assert.deepEqual(await raw.json(), { size: LARGE_BYTES, sha256: LARGE_SHA256 });
        const large = await ask("/large");
        assert.equal(sha256(new Uint8Array(await large.arrayBuffer())), LARGE_SHA256);
      });
    });

    it("sends events, each of which arrives before the next one is sent", async () => {
      await withHono(driver, async (ask) => {
        const response = await ask("/events");
        const reader = response.body?.getReader();
        let text = "";
        for (let id = 0; id < 4; id++) {
          while (!text.includes(`data: step ${id}\n`)) {
            const result = await reader?.read();
            assert.ok(result?.value !== undefined, text);
            text += new TextDecoder().decode(result.value);
          }
          assert.equal(await (await ask("/go")).text(), "gone");
        }
        assert.equal((await reader?.read())?.done, true);
      });
    });
  });
}
