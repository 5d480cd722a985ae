/** The examples, each run as its comment says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { connect, RunningCommand, type RunOptions, runToEnd, until } from "./support/command.ts";
import { client as connectClient, fieldOf, type Message, respond, ScriptedUpstream } from "./support/http_peers.ts";
import { startNamed, startUpstream } from "./support/servers.ts";

/** An example that is a program, with the permissions that its comment gives it in Deno. */
function programOptions(name: string): RunOptions {
  const text = readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");
  const [, flags] = new RegExp(`deno run ([-a-z= ]+) examples/${name}`).exec(text) ?? [];
  assert.ok(flags !== undefined, `examples/${name} says how to run it in Deno`);
  assert.ok(text.includes(`bun run examples/${name}`), `examples/${name} says how to run it in Bun`);
  return { module: `examples/${name}`, permissions: ["--no-prompt", ...flags.split(" ")] };
}

/** An example that is a program, and says where it listens; it is started and stopped by `use`. */
async function withProgram(
  name: string,
  arguments_: readonly string[],
  use: (port: number, command: RunningCommand) => Promise<void>,
): Promise<void> {
  const command = new RunningCommand(arguments_, programOptions(name));
  try {
    const isListening = (out: string) => /^listening on 127\.0\.0\.1:\d+$/m.test(out);
    await command.until(isListening, `examples/${name} listens`);
    const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/m.exec(command.out) ?? [];
    await use(Number(port), command);
  } finally {
    await command.stop();
  }
}

for (const name of ["echo_server.ts", "echo_server_callbacks.ts"]) {
  test(`examples/${name} sends back what it gets, to its end`, async () => {
    await withProgram(name, ["127.0.0.1:0"], async (port) => {
      const text = "many bytes ".repeat(100_000);
      const peers = await Promise.all([connectClient(port), connectClient(port)]);
      for (const peer of peers) peer.end(text);
      for (const peer of peers) assert.equal(await peer.takeRest(), text);
      const broken = await connectClient(port);
      broken.send("x");
      broken.destroy();
      const last = await connectClient(port);
      last.end("still there");
      assert.equal(await last.takeRest(), "still there");
    });
  });
}

test("examples/tcp_proxy.ts relays, and counts at its end", async () => {
  const upstream = await startNamed("upstream");
  await withProgram("tcp_proxy.ts", ["127.0.0.1:0", `127.0.0.1:${upstream.port}`], async (port, command) => {
    const client = await connect({ port });
    const [greeting] = (await once(client, "data")) as [Uint8Array];
    assert.equal(new TextDecoder().decode(greeting), "upstream");
    client.destroy();
    command.signal("SIGTERM");
    const { code, out } = await command.finished;
    assert.equal(code, 0);
    assert.match(out, /^connections: 1, of them cut off at the end: 0$/m);
  });
  await upstream.close();
});

test("examples/reverse_proxy.ts has two servers, compresses, and changes fields", async () => {
  const web = await ScriptedUpstream.start((_request, peer) => {
    peer.send(respond("long enough, ".repeat(200), "content-type: text/html\r\nx-powered-by: php\r\n"));
  });
  const api = await startServer("api");
  const arguments_ = ["127.0.0.1:0", addressOf(web), addressOf(api)];
  await withProgram("reverse_proxy.ts", arguments_, async (port) => {
    const url = `http://127.0.0.1:${port}`;
    const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
    assert.equal(await response.text(), "long enough, ".repeat(200));
    assert.equal(response.headers.get("vary"), "Accept-Encoding");
    assert.equal(response.headers.get("x-frame-options"), "DENY");
    assert.equal(response.headers.get("x-powered-by"), null);
    assert.equal(await (await fetch(`${url}/api/users?id=1`)).text(), "api: GET /users?id=1");
  });
  await Promise.all([web.close(), api.close()]);
});

test("examples/load_balancer.ts leaves out a server that is not healthy, and says so", async () => {
  let health = "503 Service Unavailable";
  const start = (name: string, healthOf: () => string) =>
    ScriptedUpstream.start((request, peer) => {
      peer.send(request.startLine.startsWith("GET /healthz ") ? respond("", "", healthOf()) : respond(name));
    });
  const [good, bad] = await Promise.all([start("good", () => "200 OK"), start("bad", () => health)]);
  await withProgram("load_balancer.ts", ["127.0.0.1:0", addressOf(good), addressOf(bad)], async (port, command) => {
    const ask = async () => await (await fetch(`http://127.0.0.1:${port}/`)).text();
    const name = `endpoint ${addressOf(bad)} of cluster "web"`;
    await command.until((out) => out.includes(`${name} is unhealthy: status 503`), "the first check");
    // The workers are told a moment later.
    await until(
      async () => (await Promise.all(Array.from({ length: 8 }, ask))).every((text) => text === "good"),
      "it counts",
    );
    health = "200 OK";
    await command.until((out) => out.includes(`${name} is healthy again`), "a good check");
    await until(async () => (await ask()) === "bad", "it is used again");
  });
  await Promise.all([good.close(), bad.close()]);
});

test("examples/dev_proxy.ts has the options and events of http-proxy", async () => {
  const api = await ScriptedUpstream.start((request, peer) => {
    const fields = ["host", "x-dev", "x-forwarded-for"].map((name) => fieldOf(request, name)).join(" ");
    peer.send(respond(`${request.startLine} ${fields}`, "set-cookie: a=b; Domain=api.example\r\n"));
  });
  const web = await startServer("web");
  const { answer } = web;
  web.answer = (request, peer) => {
    if (fieldOf(request, "upgrade") === undefined) return answer(request, peer);
    peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    return peer.end("hot");
  };
  const arguments_ = ["0", `http://${addressOf(web)}`, `http://${addressOf(api)}`];
  await withProgram("dev_proxy.ts", arguments_, async (port, command) => {
    const url = `http://127.0.0.1:${port}`;
    const response = await fetch(`${url}/api/users`);
    assert.equal(await response.text(), `GET /users HTTP/1.1 ${addressOf(api)} yes 127.0.0.1`);
    assert.equal(response.headers.get("set-cookie"), "a=b; Domain=localhost");
    assert.ok(command.out.includes(`GET /api/users -> http://${addressOf(api)}/users\n`), command.out);
    assert.equal(await (await fetch(`${url}/main.ts`)).text(), "web: GET /main.ts");
    const socket = await connectClient(port);
    socket.send("GET /hmr HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert.match(await socket.takeThrough("\r\n\r\n"), /^HTTP\/1\.1 101 /);
    assert.equal(await socket.takeRest(), "hot");
    socket.destroy();
    await api.close();
    const failed = await fetch(`${url}/api/users`, { method: "POST" });
    assert.equal(failed.status, 502);
    assert.match(await failed.text(), /^Is http:\/\/127\.0\.0\.1:\d+ running\? The upstream server /);
  });
  await web.close();
});

test("examples/hono_app.ts serves what it has, and the old server the rest", async () => {
  const old = await startServer("old");
  await withProgram("hono_app.ts", ["127.0.0.1:0", addressOf(old)], async (port, command) => {
    const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    assert.equal(await get("/hello/ann"), "Hello, ann at 127.0.0.1");
    assert.equal(await get("/else"), "old: GET /else");
    const statistics = JSON.parse(await get("/statistics")) as Readonly<Record<string, number>>;
    assert.ok((statistics["http_requests_total"] ?? 0) >= 2);
    command.signal("SIGTERM");
    assert.equal((await command.finished).code, 0);
  });
  await old.close();
});

test("examples/custom_driver.ts is slow, and counts", async () => {
  const { code, out, error } = await runToEnd([], programOptions("custom_driver.ts"));
  assert.deepEqual([code, out, error], [0, "hello after two delays\n10 bytes were received\n", ""]);
});

test("examples/line_client.ts understands answers, however they arrive", async () => {
  const server = await startUpstream(async (socket) => {
    const commands = await new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (bytes: Uint8Array) => {
        text += new TextDecoder().decode(bytes);
        if (text.endsWith("PING\r\n")) resolve(text);
      });
    });
    assert.equal(commands, "SET a 1\r\nGET a\r\nGET b\r\nWRONG\r\nKEYS\r\nPING\r\n");
    socket.setNoDelay();
    for (const piece of [
      "+O",
      "K\r\n$5\r",
      "\n1\r\n23\r",
      "\n$-1\r\n-ERR no\r\n*2\r\n:",
      "7\r\n$0\r\n\r\n",
      "+PONG\r\n",
    ]) {
      await new Promise<void>((resolve) => socket.write(piece, () => setTimeout(resolve, 5)));
    }
  });
  const arguments_ = [`127.0.0.1:${server.port}`, "SET a 1", "GET a", "GET b", "WRONG", "KEYS", "PING"];
  const { code, out, error } = await runToEnd(arguments_, programOptions("line_client.ts"));
  const expected = [
    'SET a 1: "OK"',
    'GET a: "1\\r\\n23"',
    "GET b: null",
    "WRONG: ERR no",
    'KEYS: [7,""]',
    'PING: "PONG"',
  ];
  assert.deepEqual([code, out.trim().split("\n"), error], [0, expected, ""]);
  await server.close();
});

test("examples/serve.ts counts, streams, takes uploads, and serves to the end", async () => {
  await withProgram("serve.ts", ["127.0.0.1:0"], async (port, command) => {
    const url = `http://127.0.0.1:${port}`;
    assert.equal(await (await fetch(url)).text(), "visit 1\n");
    assert.equal(await (await fetch(url)).text(), "visit 2\n");
    const upload = await fetch(`${url}/upload`, { method: "POST", body: "x".repeat(1_000_000) });
    assert.deepEqual(await upload.json(), { bytes: 1_000_000 });
    const abort = new AbortController();
    const clock = await fetch(`${url}/clock`, { signal: abort.signal });
    const { value } = (await clock.body?.getReader().read()) ?? {};
    assert.match(new TextDecoder().decode(value), /^data: \d{4}-/);
    abort.abort();
    command.signal("SIGTERM");
    const { code, out, error } = await command.finished;
    assert.equal(code, 0, error);
    assert.match(out, /^requests: 4, of them cut off at the end: 0$/m);
  });
});

test("examples/echo_threads.ts echoes on all threads, which say how many they served", async () => {
  const command = new RunningCommand(["127.0.0.1:0"], { module: "examples/echo_threads.ts" });
  try {
    const [, port] = /^listening on 127\.0\.0\.1:(\d+), with 2 threads$/.exec(await command.ready()) ?? [];
    // The kernel spreads connections over the threads; by 24 each has some, as good as certainly.
    for (let i = 0; i < 24; i++) {
      const client = await connect({ port: Number(port) });
      client.write("hello");
      const [echoed] = (await once(client, "data")) as [Uint8Array];
      assert.equal(new TextDecoder().decode(echoed), "hello");
      client.destroy();
    }
    command.signal("SIGTERM");
    const { code, out } = await command.finished;
    assert.equal(code, 0);
    const counts = [0, 1].map((index) => Number(new RegExp(`^thread ${index}: (\\d+) `, "m").exec(out)?.[1]));
    assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 24, out);
    assert.ok(!counts.includes(0), out);
  } finally {
    await command.stop();
  }
});

test("examples/ringway.yaml is good, and names the schema that editors use", async () => {
  const checked = await runToEnd(["--config", "examples/ringway.yaml", "--check"]);
  assert.match(checked.out, /the configuration is good/, checked.error);
  const project = fileURLToPath(new URL("..", import.meta.url));
  const [, schema = ""] = /\$schema=(\S+)/.exec(readFileSync(`${project}/examples/ringway.yaml`, "utf8")) ?? [];
  assert.match(readFileSync(`${project}/examples/${schema}`, "utf8"), /"title": "ringway\.yaml"/);
});

test("examples/ringway.config.ts relays to what the environment says", async () => {
  const upstream = createServer((_request, response) => void response.end("hello"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const environment = { LISTEN: "127.0.0.1:0", WEB: `127.0.0.1:${port}` };
  const command = new RunningCommand(["--config", "examples/ringway.config.ts"], { environment });
  try {
    const response = await fetch(`http://127.0.0.1:${await command.port()}/`);
    assert.equal(await response.text(), "hello");
  } finally {
    await command.stop();
    upstream.close();
    upstream.closeAllConnections();
  }
});

/** An example in YAML, at other addresses; it is started and stopped by `use`. */
async function withExample(
  name: string,
  addresses: Readonly<Record<string, string>>,
  use: (command: RunningCommand, url: string) => Promise<void>,
): Promise<void> {
  let text = readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8");
  for (const [written, used] of Object.entries({ "127.0.0.1:8080": "127.0.0.1:0", ...addresses })) {
    assert.ok(text.includes(written), `${name} has ${written}`);
    text = text.replace(written, used);
  }
  const folder = mkdtempSync(join(tmpdir(), "ringway-example-"));
  writeFileSync(join(folder, name), text);
  await withCommand(["--config", join(folder, name), "--workers", "1"], {}, use);
  rmSync(folder, { recursive: true });
}

async function withCommand(
  arguments_: readonly string[],
  environment: Readonly<Record<string, string>>,
  use: (command: RunningCommand, url: string) => Promise<void>,
): Promise<void> {
  const command = new RunningCommand(arguments_, { environment });
  try {
    await use(command, `http://127.0.0.1:${await command.port()}`);
  } finally {
    await command.stop();
  }
}

/** A server that says its name, and what it was asked for. */
function startServer(name: string): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start((request, peer) => {
    const [method = "", target = ""] = request.startLine.split(" ");
    peer.send(respond(`${name}: ${method} ${target}`, "server: apache\r\nx-powered-by: php\r\n"));
  });
}

const addressOf = ({ port }: ScriptedUpstream): string => `127.0.0.1:${port}`;

test("examples/reverse_proxy.yaml compresses, changes fields, answers itself, and writes a log", async () => {
  const app = await ScriptedUpstream.start((request, peer) => {
    peer.send(
      respond("long enough, ".repeat(200), "content-type: text/html\r\nserver: apache\r\nx-powered-by: php\r\n"),
    );
    assert.match(fieldOf(request, "forwarded") ?? "", /^for=127\.0\.0\.1;host="127\.0\.0\.1:\d+";proto=http$/);
  });
  await withExample("reverse_proxy.yaml", { "127.0.0.1:3000": addressOf(app) }, async (command, url) => {
    const response = await fetch(`${url}/page`, { headers: { "accept-encoding": "gzip" } });
    assert.equal(await response.text(), "long enough, ".repeat(200));
    assert.equal(response.headers.get("vary"), "Accept-Encoding");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    for (const name of ["server", "x-powered-by"]) assert.equal(response.headers.get(name), null);
    assert.match(await (await fetch(`${url}/robots.txt`)).text(), /^Disallow: \/admin$/m);
    const moved = await fetch(`${url}/blog/first?a=1`, { redirect: "manual" });
    assert.equal(moved.status, 308);
    assert.match(moved.headers.get("location") ?? "", /^http:\/\/blog\.example\.com(:\d+)?\/first\?a=1$/);
    await command.until((out) => out.includes('"GET /blog/first?a=1 HTTP/1.1" 308'), "the log is written");
    assert.match(command.out, /"GET \/page HTTP\/1\.1" 200/);
  });
  assert.deepEqual(app.errors, []);
  assert.equal(app.requests.length, 1);
  await app.close();
});

/** For examples/load_balancer.yaml. */
const SERVERS = ["127.0.0.1:3001", "127.0.0.1:3002", "127.0.0.1:3003"] as const;

/** Three servers behind the load balancer: what each answers to anything but a health check is changed by tests. */
async function withServers(
  healthOf: (index: number) => string,
  use: (servers: readonly ScriptedUpstream[], command: RunningCommand, ask: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const servers = await Promise.all(
    SERVERS.map((_, index) =>
      ScriptedUpstream.start((request, peer) => {
        const isCheck = request.startLine.startsWith("GET /healthz ");
        peer.send(isCheck ? respond("", "", healthOf(index)) : respond(String(index)));
      }),
    ),
  );
  const addresses = Object.fromEntries(SERVERS.map((address, index) => [address, `127.0.0.1:${servers[index]?.port}`]));
  await withExample("load_balancer.yaml", addresses, async (command, url) => {
    const ask = async () => {
      const response = await fetch(url);
      assert.equal(response.status, 200);
      return await response.text();
    };
    await use(servers, command, ask);
  });
  await Promise.all(servers.map((server) => server.close()));
}

test("examples/load_balancer.yaml shares by weight, and leaves out what is not healthy", async () => {
  const healthOf = (index: number) => (index === 2 ? "503 Service Unavailable" : "200 OK");
  await withServers(healthOf, async (servers, command, ask) => {
    const unhealthy = `endpoint 127.0.0.1:${servers[2]?.port} is unhealthy: status 503`;
    const ofCluster = new RegExp(unhealthy.replace(" is", ".* is"));
    await command.until((_, error) => ofCluster.test(error), "the first check");
    // The workers are told a moment later.
    await until(
      async () => (await Promise.all([ask(), ask(), ask(), ask()])).every((name) => name !== "2"),
      "it counts",
    );
    const names: string[] = [];
    for (let i = 0; i < 12; i++) names.push(await ask());
    assert.deepEqual(
      [0, 1, 2].map((index) => names.filter((name) => name === String(index)).length),
      [8, 4, 0],
    );
  });
});

test("examples/load_balancer.yaml asks another server again, and leaves out one that fails", async () => {
  await withServers(
    () => "200 OK",
    async (servers, command, ask) => {
      const [, second] = servers;
      assert.ok(second !== undefined);
      const { answer } = second;
      second.answer = (request, peer) => {
        if (request.startLine.startsWith("GET /healthz ")) return answer(request, peer);
        return void peer.send(respond("", "", "503 Service Unavailable"));
      };
      const isLeftOut = () => /is left out for 10000 ms: too many gateway errors in a row/.test(command.error);
      while (!isLeftOut()) assert.notEqual(await ask(), "1");
      const asked = () => second.requests.filter(({ startLine }) => !startLine.startsWith("GET /healthz ")).length;
      assert.equal(asked(), 3);
    },
  );
});

test("examples/dev_server.yaml gives /api to the API, and all else to the dev server, WebSockets too", async () => {
  const [api, web] = await Promise.all([startServer("api"), startServer("web")]);
  const { answer } = web;
  web.answer = async (request, peer) => {
    if (fieldOf(request, "upgrade") === undefined) return answer(request, peer);
    peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhot ");
    assert.equal(await peer.takeBytes(4), "ping");
    peer.end("reload");
  };
  const addresses = { "localhost:5173": `localhost:${web.port}`, "127.0.0.1:3000": addressOf(api) };
  await withExample("dev_server.yaml", addresses, async (_command, url) => {
    const get = async (path: string) => await (await fetch(`${url}${path}`)).text();
    assert.equal(await get("/api/users?id=1"), "api: GET /users?id=1");
    assert.equal(await get("/api"), "api: GET /");
    assert.equal(await get("/apis"), "web: GET /apis");
    assert.equal(await get("/src/main.ts"), "web: GET /src/main.ts");
    const socket = await connectClient(Number(new URL(url).port));
    socket.send("GET /hmr HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nping");
    assert.match(await socket.takeThrough("\r\n\r\n"), /^HTTP\/1\.1 101 /);
    assert.equal(await socket.takeRest(), "hot reload");
    socket.destroy();
  });
  assert.deepEqual([api.errors, web.errors], [[], []]);
  await Promise.all([api.close(), web.close()]);
});

const SECRET = "a secret of thirty-two bytes, ok";

/** A token for somebody, who may do what the scope says. */
function token(sub: string, scope: string): Promise<string> {
  const claims = new SignJWT({ sub, scope }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h");
  return claims.sign(new TextEncoder().encode(SECRET));
}

test("examples/api_gateway asks for tokens, limits, answers preflights, and has a filter of its own", async () => {
  const [users, orders] = await Promise.all([startServer("users"), startServer("orders")]);
  const environment = {
    LISTEN: "127.0.0.1:0",
    USERS: addressOf(users),
    ORDERS: addressOf(orders),
    JWT_SECRET: SECRET,
  };
  const [reader, writer] = await Promise.all([token("ann", "read"), token("bob", "read write")]);
  const arguments_ = ["--config", "examples/api_gateway/ringway.config.ts", "--workers", "1"];
  await withCommand(arguments_, environment, async (_command, url) => {
    const ask = async (method: string, path: string, bearer: string | null): Promise<string> => {
      const headers: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
      const response = await fetch(`${url}${path}`, { method, headers: { ...headers, "x-user": "mallory" } });
      return `${response.status} ${await response.text()}`;
    };
    assert.equal(await ask("GET", "/health", null), "200 ok\n");
    assert.match(await ask("GET", "/v1/users/5", null), /^401 /);
    assert.match(await ask("GET", "/v1/users/5", `${reader}x`), /^401 /);
    assert.equal(await ask("GET", "/v1/users/5", reader), "200 users: GET /5");
    assert.equal(fieldOf(users.requests[0] as Message, "x-user"), "ann");
    assert.equal(await ask("DELETE", "/v1/orders/7", reader), "403 The token is for reading only\n");
    assert.equal(await ask("DELETE", "/v1/orders/7", writer), "200 orders: DELETE /v1/orders/7");
    assert.match(await ask("GET", "/elsewhere", reader), /^404 /);
    const origin = "https://app.example.com";
    const preflight = await fetch(`${url}/v1/orders`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "PUT", "access-control-request-headers": "authorization" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), origin);
    const many = await Promise.all(Array.from({ length: 100 }, () => ask("GET", "/health", null)));
    assert.ok(
      many.some((answer) => answer.startsWith("429 ")),
      "more than 30 at once are too many",
    );
    assert.equal(users.requests.length + orders.requests.length, 2);
  });
  await Promise.all([users.close(), orders.close()]);
});

test("examples/websocket_gateway lets pages of its own connect, and one server have a user", async () => {
  const servers = await Promise.all(
    ["one", "two"].map((name) =>
      ScriptedUpstream.start((_request, peer) => {
        peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
        peer.end(name);
      }),
    ),
  );
  const environment = {
    LISTEN: "127.0.0.1:0",
    CHAT: servers.map(addressOf).join(","),
    ORIGINS: "https://one.example,https://two.example",
  };
  const arguments_ = ["--config", "examples/websocket_gateway/ringway.config.ts", "--workers", "1"];
  await withCommand(arguments_, environment, async (command, url) => {
    const ask = async (target: string, fields: string): Promise<string> => {
      const peer = await connectClient(Number(new URL(url).port));
      peer.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      const head = await peer.takeThrough("\r\n\r\n");
      if (!head.startsWith("HTTP/1.1 101 ")) {
        peer.destroy();
        return head.slice(9, 12);
      }
      const name = await peer.takeRest();
      peer.destroy();
      return name;
    };
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    const own = `${upgrade}Origin: https://two.example\r\n`;
    assert.equal(await ask("/chat", ""), "426");
    assert.equal(await ask("/chat", `${upgrade}Origin: https://evil.example\r\n`), "403");
    assert.equal(await ask("/other", own), "404");
    const first = await ask("/chat?user=ann", own);
    assert.ok(["one", "two"].includes(first), first);
    assert.equal(await ask("/chat?user=ann", own), first);
    await command.until((out) => /^127\.0\.0\.1: \d+ ms, 0 bytes in, 3 bytes out$/m.test(out), "the end was told");
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask("/chat", own)));
    assert.ok(answers.includes("429"), answers.join(" "));
  });
  await Promise.all(servers.map((server) => server.close()));
});

test("examples/rewrite_responses changes pages and JSON on their way", async () => {
  const app = await ScriptedUpstream.start((request, peer) => {
    assert.equal(fieldOf(request, "accept-encoding"), "identity");
    if (request.startLine.startsWith("GET /user ")) {
      return peer.send(
        respond('{"name":"ann","password":"x","more":[{"password":1}]}', "content-type: application/json\r\n"),
      );
    }
    if (request.startLine.startsWith("GET /text ")) return peer.send(respond("http://app.internal/"));
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const piece of ["<a href=http://app.", "internal/>ä</a>", "http://app.interna"]) {
      const length = new TextEncoder().encode(piece).length.toString(16);
      peer.send(`${length}\r\n${Buffer.from(piece).toString("latin1")}\r\n`);
    }
    return peer.send("0\r\n\r\n");
  });
  const environment = { LISTEN: "127.0.0.1:0", APP: addressOf(app) };
  const arguments_ = ["--config", "examples/rewrite_responses/ringway.config.ts", "--workers", "1"];
  await withCommand(arguments_, environment, async (_command, url) => {
    const page = await fetch(`${url}/`);
    assert.equal(await page.text(), "<a href=https://www.example.com/>ä</a>http://app.interna");
    assert.equal(page.headers.get("etag"), null);
    assert.deepEqual(await (await fetch(`${url}/user`)).json(), { name: "ann", more: [{}] });
    assert.equal(await (await fetch(`${url}/text`)).text(), "http://app.internal/");
  });
  assert.deepEqual(app.errors, []);
  await app.close();
});
