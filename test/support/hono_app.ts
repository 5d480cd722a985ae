/**
 * An application on Hono, with what applications do: JSON, streams, uploads, cookies, redirects, a WebSocket, a page.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { compress } from "hono/compress";
import { setCookie } from "hono/cookie";
import { etag } from "hono/etag";
import { streamSSE } from "hono/streaming";
import type { UpgradeWebSocket } from "hono/ws";
import { PAGE, PAGE_SCRIPT, PAGE_STYLE } from "./hono_page.ts";

/** A body that is large enough for several buffers everywhere. */
export const LARGE_BYTES: number = 5_000_000;

/** Byte number `at` of the large body. */
export function largeByte(at: number): number {
  return (at * 31 + (at >> 8)) & 255;
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

/** Resolves when `/go` is asked for the next time. */
class Gate {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** The application; how a request becomes a WebSocket is each server's own. */
export function honoApp(upgradeWebSocket: UpgradeWebSocket): Hono {
  const app = new Hono();
  const gate = new Gate();
  let report = "";

  app.get("/", (c) => c.json({ url: c.req.url, forwardedFor: c.req.header("x-forwarded-for") }));
  app.get("/go", (c) => {
    gate.open();
    return c.text("gone");
  });
  // Each event but the first one is sent when the client has asked for it.
  app.get("/events", (c) =>
    streamSSE(c, async (stream) => {
      for (let id = 0; id < 4; id++) {
        if (id > 0) await gate.wait();
        await stream.writeSSE({ id: String(id), event: "step", data: `step ${id}` });
      }
    }),
  );
  app.get("/large", (c) => c.body(largeStream()));
  app.post("/upload", async (c) => {
    const { file, note } = await c.req.parseBody();
    if (!(file instanceof File)) return c.text("no file", 400);
    return c.json({ note, name: file.name, size: file.size, sha256: await sha256(await file.arrayBuffer()) });
  });
  app.put("/raw", async (c) => {
    const bytes = await c.req.arrayBuffer();
    return c.json({ size: bytes.byteLength, sha256: await sha256(bytes) });
  });
  app.get("/cookies", (c) => {
    setCookie(c, "session", "a b", { httpOnly: true, path: "/" });
    setCookie(c, "theme", "dark", { maxAge: 1000, expires: new Date(Date.UTC(2020, 0, 1)) });
    return c.text(c.req.header("cookie") ?? "");
  });
  app.get("/old", (c) => c.redirect("/new?from=old", 302));
  app.get("/new", (c) => c.text(`new, from ${c.req.query("from")}`));
  app.post("/see", (c) => c.redirect("/new?from=see", 303));
  app.get("/compressed", compress(), (c) => c.body("compress me ".repeat(1000), 200, { "content-type": "text/plain" }));
  app.get("/tagged", etag(), (c) => c.text("tagged"));
  app.get("/empty", (c) => c.body(null, 204));
  app.get("/missing", (c) => c.notFound());
  app.get("/broken", () => {
    throw new Error("on purpose");
  });
  app.onError((error, c) => c.text(error.message, 500));
  app.get(
    "/ws",
    upgradeWebSocket(() => ({
      onOpen: (_event, socket) => socket.send("welcome"),
      onMessage: (event, socket) => {
        if (typeof event.data === "string") socket.send(`you said ${event.data}`);
        else if (event.data instanceof ArrayBuffer) socket.send(event.data);
      },
    })),
  );

  app.get("/page", (c) => c.html(PAGE));
  app.get("/page.js", (c) => c.body(PAGE_SCRIPT, 200, { "content-type": "text/javascript" }));
  app.get("/page.css", (c) => c.body(PAGE_STYLE, 200, { "content-type": "text/css" }));
  app.post("/report", async (c: Context) => {
    report = await c.req.text();
    return c.body(null, 204);
  });
  app.get("/report", (c) => c.text(report));
  return app;
}

function largeStream(): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const piece = new Uint8Array(Math.min(70_000, LARGE_BYTES - at));
      for (let index = 0; index < piece.length; index++) piece[index] = largeByte(at + index);
      at += piece.length;
      controller.enqueue(piece);
      if (at === LARGE_BYTES) controller.close();
    },
  });
}
