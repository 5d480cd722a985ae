import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { RingwayError } from "../../ffi/errors.ts";
import { createDevProxy, type DevProxy } from "./dev_proxy.ts";
import type { DevProxyLogger, DevProxyOptions } from "./options.ts";

/** What a target was asked, and answers with. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that tells what it was asked, or does what the path says. */
class TestTarget {
  readonly asked: Asked[] = [];
  readonly sockets: Socket[] = [];
  port = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port = 0): Promise<TestTarget> {
    const server = createServer();
    const target = new TestTarget(server);
    server.on("request", async (incoming: IncomingMessage, response) => {
      const body = await bodyOf(incoming);
      const { method = "", url = "", headers } = incoming;
      target.asked.push({ method, url, headers, body });
      const { pathname, searchParams } = new URL(url, "http://x");
      if (pathname === "/redirect") {
        response.writeHead(302, { location: searchParams.get("to") ?? "" }).end();
      } else if (pathname === "/cookies") {
        response.setHeader("set-cookie", ["a=1; Domain=a.example; Path=/x", "b=2; Domain=b.example"]);
        response.end();
      } else if (pathname === "/cut") {
        response.socket?.destroy();
      } else if (pathname === "/half") {
        response.writeHead(200, { "content-length": "100" }).write("half");
        setTimeout(() => response.socket?.destroy(), 20);
      } else if (pathname !== "/silent") {
        response.setHeader("x-from", "target");
        response.end(`${method} ${url}`);
      }
    });
    server.on("upgrade", (incoming: IncomingMessage, socket: Socket) => {
      target.sockets.push(socket);
      socket.on("error", () => {});
      target.asked.push({ method: "upgrade", url: incoming.url ?? "", headers: incoming.headers, body: "" });
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello ");
      socket.pipe(socket);
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    target.port = (server.address() as AddressInfo).port;
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get last(): Asked {
    return this.asked.at(-1) as Asked;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** What a client got. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of message) body += piece;
  return body;
}

/** As fetch does not let a client say all that it may. */
function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  init: { readonly method?: string; readonly body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers, method: init.method ?? "GET", agent: false } as const;
    const outgoing = request(
      options,
      (response) =>
        void bodyOf(response).then((body) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        }, reject),
    );
    outgoing.on("error", reject);
    outgoing.end(init.body);
  });
}

/** Ask for a WebSocket, and read to its end, which the client makes after some bytes. */
async function upgrade(port: number, path: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: proxy\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
  let text = "";
  for await (const piece of socket) {
    text += piece;
    if (text.endsWith("hello ")) socket.write("world");
    if (text.endsWith("world") || text.includes(" 400 ")) break;
  }
  socket.destroy();
  return text;
}

const quiet: DevProxyLogger = { info() {}, warn() {}, error() {} };

let target: TestTarget;

/** A proxy for as long as `use` runs. */
async function withProxy(
  options: Omit<DevProxyOptions, "target"> | readonly DevProxyOptions[],
  use: (port: number, proxy: DevProxy) => Promise<void>,
): Promise<void> {
  const list = Array.isArray(options) ? options : { target: target.url, logger: quiet, ...options };
  await using proxy = createDevProxy(list);
  const address = await proxy.listen(0);
  assert.ok(address.family === "ipv4");
  await use(address.port, proxy);
}

before(async () => {
  target = await TestTarget.start();
});
after(() => target.close());

describe("the dev proxy's requests", () => {
  it("go to the target as they came, and say nothing about where they come from", async () => {
    await withProxy({}, async (port) => {
      const headers = { "x-a": "1", "x-forwarded-for": "6.6.6.6", cookie: "a=b" };
      const answer = await ask(port, "/a/b?c=d", headers, { method: "POST", body: "text" });
      assert.deepEqual([answer.status, answer.body, answer.headers["x-from"]], [200, "POST /a/b?c=d", "target"]);
      const { headers: seen, body } = target.last;
      assert.deepEqual([body, seen.host, seen["x-a"], seen.cookie], ["text", `127.0.0.1:${port}`, "1", "a=b"]);
      for (const name of ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"]) {
        assert.equal(seen[name], undefined, name);
      }
      assert.ok(!Object.keys(seen).some((name) => name.includes("rule")));
    });
  });

  it("say where they come from with xfwd", async () => {
    await withProxy({ xfwd: true, changeOrigin: true }, async (port) => {
      await ask(port, "/", { host: "dev.example:1234", "x-forwarded-for": "6.6.6.6" });
      const { headers } = target.last;
      assert.equal(headers.host, `127.0.0.1:${target.port}`);
      const names = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"];
      assert.deepEqual(
        names.map((name) => headers[name]),
        ["127.0.0.1", "dev.example:1234", "1234", "http"],
      );
    });
  });

  it("get other fields and another host", async () => {
    const headers = { "x-team": ["a", "b"], host: "other.example", "x-old": "new" };
    await withProxy({ headers, auth: "user:pässword" }, async (port) => {
      await ask(port, "/", { "x-old": "old" });
      const seen = target.last.headers;
      assert.deepEqual([seen["x-team"], seen.host, seen["x-old"]], ["a, b", "other.example", "new"]);
      assert.equal(Buffer.from(seen.authorization?.slice(6) ?? "", "base64").toString(), "user:pässword");
      await ask(port, "/", { authorization: "mine" });
      assert.equal(target.last.headers.authorization, "mine");
    });
  });

  it("get another path", async () => {
    await withProxy([{ target: `${target.url}/base`, pathRewrite: { "^/api": "" } }], async (port) => {
      assert.equal((await ask(port, "/api/users?a=b")).body, "GET /base/users?a=b");
    });
    await withProxy([{ target: `${target.url}/base`, prependPath: false }], async (port) => {
      assert.equal((await ask(port, "/a")).body, "GET /a");
    });
    await withProxy([{ target: `${target.url}/base/`, ignorePath: true }], async (port) => {
      assert.equal((await ask(port, "/a?b")).body, "GET /base/");
    });
    const pathRewrite = async (path: string) => {
      await null;
      return path === "/same" ? undefined : `/later${path}`;
    };
    await withProxy({ pathRewrite }, async (port) => {
      assert.equal((await ask(port, "/x")).body, "GET /later/x");
      assert.equal((await ask(port, "/same")).body, "GET /same");
    });
  });

  it("go to the first target whose filter they pass", async () => {
    const other = await TestTarget.start();
    const list: readonly DevProxyOptions[] = [
      { pathFilter: ["/api/**", "!/api/private/**"], target: other.url, headers: { "x-api": "yes" } },
      { pathFilter: (_path, { headers }) => headers["x-web"] === "yes", target: target.url },
    ];
    await withProxy(list, async (port) => {
      const before = other.asked.length;
      assert.equal((await ask(port, "/api/a")).status, 200);
      assert.equal(other.last.headers["x-api"], "yes");
      assert.equal((await ask(port, "/api/private/a", { "x-web": "yes" })).status, 200);
      assert.equal(target.last.headers["x-api"], undefined);
      // A client can't choose.
      const answer = await ask(port, "/api/private/a", { "x-ringway-dev-proxy-rule": "0" });
      assert.deepEqual([answer.status, answer.body], [404, "No target is for this path\n"]);
      assert.equal(other.asked.length, before + 1);
    });
    await other.close();
  });

  it("are copied with forward", async () => {
    const other = await TestTarget.start();
    await withProxy({ forward: other.url }, async (port) => {
      assert.equal((await ask(port, "/copied", {}, { method: "POST", body: "text" })).status, 200);
      while (other.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual([other.last.url, other.last.body], ["/copied", "text"]);
    });
    await other.close();
  });
});

describe("the dev proxy's responses", () => {
  it("have redirects that lead back to it", async () => {
    await withProxy({ autoRewrite: true, protocolRewrite: "https" }, async (port) => {
      const own = await ask(port, `/redirect?to=${target.url}/next`);
      assert.equal(own.headers.location, `https://127.0.0.1:${port}/next`);
      const other = await ask(port, "/redirect?to=http://elsewhere/next");
      assert.equal(other.headers.location, "http://elsewhere/next");
    });
  });

  it("have other cookies", async () => {
    const cookieDomainRewrite = { "a.example": "dev.example", "*": "" };
    await withProxy({ cookieDomainRewrite, cookiePathRewrite: "/" }, async (port) => {
      const { headers } = await ask(port, "/cookies");
      assert.deepEqual(headers["set-cookie"], ["a=1; Domain=dev.example; Path=/", "b=2"]);
    });
  });
});

describe("the dev proxy's events", () => {
  it("come in their order, those of the option first", async () => {
    const seen: string[] = [];
    const note = (text: string) => () => void seen.push(text);
    let ended: () => void = () => {};
    const hasEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const on = { start: note("start"), proxyReq: note("proxyReq"), proxyRes: note("proxyRes"), end: note("end") };
    await withProxy({ on }, async (port, proxy) => {
      proxy.on("proxyReq", note("proxyReq again")).on("end", () => ended());
      const off = note("never");
      proxy.on("start", off).off("start", off);
      await ask(port, "/");
      await hasEnded;
      assert.deepEqual(seen, ["start", "proxyReq", "proxyReq again", "proxyRes", "end"]);
    });
  });

  it("change requests and responses", async () => {
    await withProxy({}, async (port, proxy) => {
      proxy.on("proxyReq", async (proxyReq, req, _res, options) => {
        await null;
        assert.equal(options.target, target.url);
        proxyReq.setHeader("X-Seen", [req.method, req.socket.remoteAddress]);
        proxyReq.setHeader("host", "changed.example");
        proxyReq.removeHeader("x-secret");
        assert.deepEqual([proxyReq.getHeader("x-b"), proxyReq.hasHeader("x-secret")], ["c", false]);
        proxyReq.path = `${proxyReq.path}?more`;
      });
      proxy.on("proxyRes", (proxyRes, req, res) => {
        assert.deepEqual([proxyRes.statusCode, proxyRes.headers["x-from"], req.url], [200, "target", "/a"]);
        delete proxyRes.headers["x-from"];
        proxyRes.headers["x-added"] = ["1", "2"];
        res.setHeader("x-also", 3);
      });
      const { headers, body } = await ask(port, "/a", { "x-b": "c", "x-secret": "s" });
      assert.equal(body, "GET /a?more");
      assert.deepEqual([headers["x-from"], headers["x-added"], headers["x-also"]], [undefined, "1, 2", "3"]);
      const seen = target.last.headers;
      assert.deepEqual([seen["x-seen"], seen.host, seen["x-secret"]], ["GET, 127.0.0.1", "changed.example", undefined]);
    });
  });

  it("may answer in the place of the target", async () => {
    await withProxy({}, async (port, proxy) => {
      const before = target.asked.length;
      proxy.on("proxyReq", (_proxyReq, req, res) => {
        if (req.url === "/local") res.writeHead(201, { "x-local": "yes", "content-length": "99" }).end("local");
      });
      proxy.on("proxyRes", (_proxyRes, req, res) => {
        if (req.url !== "/replaced") return;
        res.statusCode = 418;
        res.write("re");
        res.end("placed");
      });
      const local = await ask(port, "/local");
      assert.deepEqual([local.status, local.headers["x-local"], local.body], [201, "yes", "local"]);
      assert.equal(target.asked.length, before);
      const replaced = await ask(port, "/replaced");
      assert.deepEqual([replaced.status, replaced.body], [418, "replaced"]);
    });
  });

  it("tell what is wrong with the target", async () => {
    const closed = await TestTarget.start();
    await closed.close();
    const codes: string[] = [];
    const list: readonly DevProxyOptions[] = [
      { pathFilter: "/closed", target: closed.url, logger: quiet },
      { pathFilter: "/silent", target: target.url, proxyTimeout: 30 },
      { target: target.url },
    ];
    await withProxy(list, async (port, proxy) => {
      assert.equal((await ask(port, "/closed")).status, 502);
      proxy.on("error", (error, req, res, to) => {
        assert.ok(error instanceof RingwayError);
        codes.push(`${req.url} ${error.code} ${error.source} ${error.message.endsWith(to)}`);
        if (req.url !== "/cut") res.writeHead(500, { "content-type": "text/plain" }).end("custom");
      });
      const unreachable = await ask(port, "/closed");
      assert.deepEqual([unreachable.status, unreachable.body], [500, "custom"]);
      assert.equal((await ask(port, "/silent")).status, 500);
      assert.equal((await ask(port, "/cut", {}, { method: "POST" })).status, 502);
    });
    assert.deepEqual(codes, [
      "/closed ERR_TARGET_UNREACHABLE upstream true",
      "/silent ERR_TARGET_TIMEOUT upstream true",
      "/cut ERR_TARGET_CLOSED upstream true",
    ]);
  });

  it("tell of a response that is cut short, too late for another one", async () => {
    await withProxy({}, async (port, proxy) => {
      const told = new Promise<string>((resolve) => {
        proxy.on("error", (error, req, res) => {
          res.end("too late");
          resolve(`${req.url} ${error.code} ${res.headersSent}`);
        });
      });
      await assert.rejects(ask(port, "/half"));
      assert.equal(await told, "/half ERR_TARGET_CLOSED true");
    });
  });

  it("that throw make a 500, and a message", async () => {
    const messages: string[] = [];
    const logger: DevProxyLogger = { ...quiet, error: (message) => void messages.push(message) };
    await withProxy({ logger }, async (port, proxy) => {
      proxy.on("proxyReq", (proxyReq) => proxyReq.setHeader("x-forwarded-for", "a"));
      assert.equal((await ask(port, "/")).status, 500);
      assert.match(messages.join("\n"), /filter dev-proxy: .*xfwd/s);
    });
  });
});

describe("WebSockets of the dev proxy", () => {
  it("go through with ws, and tell when they begin and end", async () => {
    const seen: string[] = [];
    let closed: () => void = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    await withProxy({ ws: true, changeOrigin: true }, async (port, proxy) => {
      proxy.on("proxyReqWs", (proxyReq) => {
        proxyReq.setHeader("x-ws", "yes");
        seen.push("proxyReqWs");
      });
      proxy.on("proxyReq", () => void seen.push("proxyReq"));
      proxy.on("close", (req) => {
        seen.push(`close ${req.url}`);
        closed();
      });
      assert.match(await upgrade(port, "/hmr"), /^HTTP\/1\.1 101 [\s\S]*hello world$/);
      const { url, headers } = target.last;
      assert.deepEqual([url, headers["x-ws"], headers.host], ["/hmr", "yes", `127.0.0.1:${target.port}`]);
      await isClosed;
      assert.deepEqual(seen, ["proxyReqWs", "close /hmr"]);
    });
  });

  it("are refused without", async () => {
    await withProxy({}, async (port) => {
      assert.match(await upgrade(port, "/hmr"), /^HTTP\/1\.1 400 /);
    });
  });
});

describe("the dev proxy", () => {
  it("takes filters, for the requests of their options", async () => {
    const shout = {
      name: "shout",
      onResponseHead: ({ response }: { response: { replaceBody(body: string): void } | null }) =>
        response?.replaceBody("HEY"),
    };
    await withProxy(
      [{ pathFilter: "/loud", target: target.url, filters: [shout] }, { target: target.url }],
      async (port) => {
        assert.equal((await ask(port, "/loud")).body, "HEY");
        assert.equal((await ask(port, "/quiet")).body, "GET /quiet");
      },
    );
  });

  it("goes on when its target is started again, also with a POST", async () => {
    const first = await TestTarget.start();
    await withProxy([{ target: first.url, logger: quiet }], async (port) => {
      assert.equal((await ask(port, "/first")).status, 200);
      await first.close();
      assert.equal((await ask(port, "/none")).status, 502);
      const second = await TestTarget.start(first.port);
      assert.equal((await ask(port, "/second", {}, { method: "POST", body: "x" })).body, "POST /second");
      await second.close();
    });
  });

  it("runs on the runtime's own sockets too", async () => {
    await using proxy = createDevProxy({ target: target.url }, { socketInterface: "default" });
    const address = await proxy.listen(0);
    assert.ok(address.family === "ipv4");
    assert.equal((await ask(address.port, "/default")).body, "GET /default");
  });

  it("says what can't be done", async () => {
    assert.throws(() => createDevProxy([]), { code: "ERR_DEV_PROXY", message: /at least one target/ });
    await using proxy = createDevProxy({ target: target.url });
    await assert.rejects(proxy.listen(70000), { code: "ERR_DEV_PROXY", message: /no port/ });
    await proxy.listen(0);
    await assert.rejects(proxy.listen(0), { code: "ERR_DEV_PROXY", message: /listens already/ });
    await using other = createDevProxy({ target: target.url });
    await assert.rejects(other.listen(target.port), { code: "EADDRINUSE" });
    await proxy.close();
    await proxy.close();
  });
});
