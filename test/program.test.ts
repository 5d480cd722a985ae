/**
 * A proxy in a program: what it is given, what it gives, and how it ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RingwayError } from "../ffi/errors.ts";
import { defaultProxyConfig } from "../lib/server/config.ts";
import { ConfigFileError } from "../lib/server/config_file/problem.ts";
import type { ConfigFile, ListenerSection } from "../lib/server/config_file/types.ts";
import type { ProxySource } from "../lib/server/config_source.ts";
import { type RunningProxy, type StartOptions, startProxy } from "../lib/server/start_proxy.ts";
import { connect, until, unusedPort } from "./support/command.ts";
import { client, respond, ScriptedUpstream } from "./support/http_peers.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ringway-program-"));
const DRIVERS = ["uring", "default"] as const;

let web: ScriptedUpstream;

before(async () => {
  web = await ScriptedUpstream.start((request, peer) => peer.send(respond(request.startLine)));
});
after(async () => {
  await web.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function configuration(listener: Partial<ListenerSection> = {}, more: Partial<ConfigFile> = {}): ConfigFile {
  return {
    workers: 1,
    listeners: [{ listen: "127.0.0.1:0", cluster: "web", ...listener }],
    clusters: [{ name: "web", endpoints: [`127.0.0.1:${web.port}`] }],
    ...more,
  };
}

function portOf({ addresses: [address] }: RunningProxy): number {
  assert.ok(address !== undefined && address.family !== "unix");
  return address.port;
}

async function get(proxy: RunningProxy, path = "/"): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${portOf(proxy)}${path}`);
  return `${response.status} ${response.headers.get("x-from") ?? ""}${await response.text()}`;
}

/** What starting rejects with. */
async function failure(source: unknown, options: StartOptions = {}): Promise<RingwayError> {
  try {
    const proxy = await startProxy(source as ProxySource, options);
    await proxy.close();
  } catch (error) {
    assert.ok(error instanceof RingwayError, String(error));
    return error;
  }
  throw new Error("It started");
}

for (const driver of DRIVERS) {
  describe(`a proxy in a program, on the ${driver} driver`, () => {
    it("is what an object says, with the keys of files", async () => {
      await using proxy = await startProxy(configuration({}, { socket_interface: driver }));
      assert.equal(proxy.socketInterface.driver, driver);
      assert.equal(proxy.workers, 1);
      assert.equal(await get(proxy, "/a"), "200 GET /a HTTP/1.1");
      assert.equal(proxy.statistics().http_requests_total, 1);
      assert.deepEqual(
        proxy.endpoints().map(({ cluster, endpoints }) => [cluster, endpoints.length]),
        [["web", 1]],
      );
    });

    it("ends once, whatever is asked for, and in any order", async () => {
      const proxy = await startProxy(configuration({}, { socket_interface: driver, drain_timeout_ms: 60_000 }));
      const port = portOf(proxy);
      const open = await client(port);
      open.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
      await until(() => proxy.statistics().http_requests_active === 1, "a request is under way");
      const drained = proxy.drain();
      assert.equal(proxy.drain(), drained);
      const closed = proxy.close();
      const [cut] = await Promise.all([drained, closed, proxy.close(), proxy[Symbol.asyncDispose]()]);
      assert.equal(cut, 1, "closing does not wait for the drain timeout");
      await open.until(() => open.isOver, "the connection was closed");
      assert.equal(await proxy.drain(), 1);
      await assert.rejects(connect({ port }), { code: "ECONNREFUSED" });
      assert.equal(proxy.statistics().http_requests_total, 1);
      assert.equal(proxy.endpoints().length, 1);
      assert.equal(portOf(proxy), port);
      await assert.rejects(proxy.reload(configuration()), { code: "ERR_PROXY_CLOSED", source: "internal" });
    });

    it("leaves nothing behind when it can't start", async () => {
      const port = await unusedPort();
      const listen = `127.0.0.1:${port}`;
      const missing = new URL("./support/no_such_worker.ts", import.meta.url);
      const source = configuration({ listen }, { socket_interface: driver });
      assert.equal((await failure(source, { workerUrl: missing })).code, "ERR_WORKER");
      await using proxy = await startProxy(source);
      assert.equal(portOf(proxy), port);
      assert.equal((await failure(source)).code, "EADDRINUSE");
    });
  });
}

describe("a configuration for a program", () => {
  it("may stand in a file: YAML, JSON, a module, by path and by URL", async () => {
    const json = JSON.stringify(configuration());
    const text = `export default ${json};\n`;
    const module = write("plain.config.ts", text);
    for (const configFile of [
      write("ringway.yaml", json),
      pathToFileURL(write("other.json", json)),
      module,
      pathToFileURL(module),
      pathToFileURL(module).href,
    ]) {
      await using proxy = await startProxy({ configFile });
      assert.equal(await get(proxy), "200 GET / HTTP/1.1", String(configFile));
    }
  });

  it("may have filters of its own in a module", async () => {
    const module = write(
      "filters.config.ts",
      `import { defineConfig, type HttpFilter } from ${JSON.stringify(`${PROJECT}/mod.ts`)};
const stamp: HttpFilter = { name: "stamp", onResponseHead: ({ response }) => response?.fields.set("x-from", "stamp:") };
export default defineConfig({
  workers: 1,
  listeners: [{ listen: "127.0.0.1:0", cluster: "web", filters: [{ type: "custom", filter: stamp }] }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:${web.port}"] }],
});
`,
    );
    await using proxy = await startProxy({ configFile: pathToFileURL(module) });
    assert.equal(await get(proxy), "200 stamp:GET / HTTP/1.1");
  });

  it("is refused with all its problems, however many, in one error", async () => {
    const error = await failure({
      wrokers: 1,
      listeners: [{ listen: "127.0.0.1", cluster: "wbe", reuse_port: 5 }],
      clusters: [{ name: "web", endpoints: ["127.0.0.1:1"], balancer: "rond_robin" }],
    });
    assert.ok(error instanceof ConfigFileError);
    assert.equal(error.code, "ERR_CONFIG");
    assert.deepEqual(error.problems, [
      'configuration: listeners[0].listen: "127.0.0.1" is not an address: the port is missing, such as 127.0.0.1:80',
      "configuration: listeners[0].reuse_port: found 5; allowed: true or false",
      'configuration: clusters[0].balancer: found "rond_robin"; allowed: one of round_robin, least_connections, ' +
        "least_request, random, ring_hash, maglev, or a mapping with a module",
      'configuration: wrokers: unknown key; did you mean "workers"?',
      'configuration: listeners[0].cluster: no cluster is named "wbe"; did you mean "web"?',
    ]);
  });

  it("can't have functions, and says where they may stand", async () => {
    class Stamp {
      readonly name = "stamp";
      onRequestHead(): undefined {}
    }
    const filters: readonly unknown[] = [
      () => {},
      { type: "custom", filter: { name: "own", onEnd() {} } },
      { type: "custom", filter: new Stamp() },
      { type: "compression" },
    ];
    const error = await failure({ ...configuration(), listeners: [{ listen: "a:0", cluster: "web", filters }] });
    const lines = error.message.split("\n");
    assert.equal(lines.length, 3, error.message);
    assert.match(
      lines[0] ?? "",
      /^configuration: listeners\[0\]\.filters\[0\]: a function can't be sent to the worker/,
    );
    for (const [index, line] of lines.slice(1).entries()) {
      const place = `configuration: listeners[0].filters[${index + 1}].filter: a filter of the program's own can't be`;
      assert.ok(line.startsWith(place), line);
      assert.match(line, /\{ configFile: new URL\("\.\/ringway\.config\.ts", import\.meta\.url\) \}$/);
    }
  });

  const bad: readonly (readonly [name: string, source: unknown, message: RegExp])[] = [
    [
      "nothing",
      undefined,
      /^undefined is no configuration: it is an object, or for a file \{ configFile: PATH_OR_URL \}$/,
    ],
    ["a path alone", "ringway.yaml", /^"ringway\.yaml" is no configuration: .* configFile/],
    ["a URL alone", new URL("file:///a.ts"), /^the URL file:\/\/\/a\.ts is no configuration/],
    ["a list", [], /^a list is no configuration/],
    ["an empty object", {}, /listeners: missing; it is a list of listeners\n.*clusters: missing/],
    ["a file that is a number", { configFile: 5 }, /^configFile is the path or the URL of a file, not 5$/],
    ["a file that is empty", { configFile: "" }, /^configFile is the path or the URL of a file, not ""$/],
    ["a file and more", { configFile: "a.yaml", workers: 2 }, /^"workers" can't stand beside configFile/],
    [
      "a file that is not there",
      { configFile: "no-such.yaml" },
      /^no-such\.yaml: cannot be read: there is no such file$/,
    ],
    [
      "a module that is not there",
      { configFile: "no-such.ts" },
      /^no-such\.ts: cannot be read: there is no such file$/,
    ],
    ["another kind of file", { configFile: "a.toml" }, /name of a configuration file ends with one of \.yaml, /],
    [
      "YAML on the web",
      { configFile: new URL("http://127.0.0.1:1/a.yaml") },
      /ends with one of \.ts, \.mts, \.js, \.mjs$/,
    ],
    [
      "negative times and no workers",
      { ...defaultProxyConfig, listen: [{ family: "name", host: "a", port: 0 }], to: [], workers: 0, backlog: -1 },
      /^workers: found 0; allowed: "auto" or a whole number .*\nbacklog: found -1; allowed: a number from 0$/,
    ],
    [
      "addresses that were not read",
      { ...defaultProxyConfig, listen: ["127.0.0.1:0"], to: ["127.0.0.1:1"] },
      /^listeners\.0\.listen\.0: found "127\.0\.0\.1:0"; allowed: what parseTarget .*\nclusters\.0\.endpoints\.0: f/,
    ],
    [
      "no address",
      { ...defaultProxyConfig, listen: [], to: [] },
      /^listen: found none; allowed: at least one address$/,
    ],
  ];
  for (const [name, source, message] of bad) {
    it(`is refused: ${name}`, async () => {
      const error = await failure(source);
      assert.match(error.message, message);
      assert.equal(error.code, "ERR_CONFIG");
    });
  }

  it("says with log_level how much the program is told", async () => {
    const port = await unusedPort();
    const told = async (log_level: "info" | "error") => {
      const levels: string[] = [];
      const clusters = [{ name: "web", endpoints: [`127.0.0.1:${port}`], connect_attempts: 1 }];
      const source = configuration({}, { log_level, clusters });
      await using proxy = await startProxy(source, { log: (level) => void levels.push(level) });
      assert.match(await get(proxy), /^502 /);
      await proxy.close();
      return levels;
    };
    assert.deepEqual(await told("info"), ["warning"]);
    assert.deepEqual(await told("error"), []);
  });
});
