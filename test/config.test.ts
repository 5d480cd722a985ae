/**
 * Configuration files, from the file to the traffic.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { connect, RunningCommand, runToEnd } from "./support/command.ts";
import { startEcho, startNamed, type Upstream } from "./support/servers.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ringway-config-"));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function startWeb(name: string): Promise<Server> {
  const server = createServer((_request, response) => void response.end(name));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function echo(port: number): Promise<string> {
  const socket = await connect({ port });
  socket.end("ping");
  let text = "";
  for await (const bytes of socket) text += new TextDecoder().decode(bytes as Uint8Array);
  return text;
}

async function get(port: number): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/`)).text();
}

let tcp: Upstream;
let web: Server;
let other: Server;

before(async () => {
  [tcp, web, other] = await Promise.all([startEcho(), startWeb("web"), startWeb("other")]);
});

after(async () => {
  for (const server of [web, other]) {
    server.close();
    server.closeAllConnections();
  }
  await tcp.close();
  rmSync(folder, { recursive: true });
});

function yaml(): string {
  return `
workers: 2
log_level: warning
drain_timeout_ms: 2000
listeners:
  - { listen: ["127.0.0.1:0", "127.0.0.1:0"], cluster: web }
  - { listen: "127.0.0.1:0", cluster: web }
  - { listen: "127.0.0.1:0", cluster: other }
  - { listen: "127.0.0.1:0", cluster: database, protocol: tcp }
clusters:
  - { name: web, endpoints: ["localhost:${portOf(web)}"] }
  - { name: other, endpoints: ["127.0.0.1:${portOf(other)}"], balancer: least_connections }
  - { name: database, endpoints: ["127.0.0.1:${tcp.port}"] }
`;
}

for (const socketInterface of ["auto", "default"]) {
  describe(`a YAML file with several listeners and clusters, socket interface ${socketInterface}`, () => {
    it("relays each listener's connections to its cluster, and drains all of them", async () => {
      const file = write("several.yaml", yaml());
      const command = new RunningCommand(["--config", file, "--socket-interface", socketInterface]);
      try {
        const line = await command.ready();
        assert.match(line, / -> clusters web, other, database; .*; 2 workers; /);
        const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = await command.ports();
        for (const port of [first, second, third]) assert.equal(await get(port), "web");
        assert.equal(await get(fourth), "other");
        assert.equal(await echo(fifth), "ping");
        command.signal("SIGTERM");
        const { code, error } = await command.finished;
        assert.equal(error, "", "by the file's log level");
        assert.equal(code, 0);
      } finally {
        await command.stop();
      }
    });
  });
}

describe("a file in TypeScript", () => {
  it("is imported, and is of the same schema", async () => {
    const file = write(
      "ringway.config.ts",
      `import { type ConfigFile, defineConfig } from "${pathToFileURL(`${PROJECT}/mod.ts`)}";
const config: ConfigFile = defineConfig({
  workers: 1,
  listeners: [{ listen: "127.0.0.1:0", cluster: "web" }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:${portOf(web)}"] }],
});
export default config;
`,
    );
    const command = new RunningCommand(["-c", file]);
    try {
      assert.equal(await get(await command.port()), "web");
    } finally {
      await command.stop();
    }
  });

  it("may have routes and filters of its own", async () => {
    const file = write(
      "filters.config.ts",
      `import { defineConfig, type ConfigFile, type HttpFilter } from "${pathToFileURL(`${PROJECT}/mod.ts`)}";
const stamp: HttpFilter = {
  name: "stamp",
  onResponseHead: ({ response }) => response?.fields.set("x-served-by", "ringway"),
};
const config: ConfigFile = defineConfig({
  listeners: [{
    listen: "127.0.0.1:0",
    filters: [{ type: "custom", filter: stamp, match: { prefix: "/api" } }],
    routes: [{ match: { path: "/old" }, redirect: { path: "/new" } }, { cluster: "web" }],
  }],
  clusters: [{ name: "web", endpoints: [{ address: "127.0.0.1:1", weight: 2 }], health_check: { type: "tcp" } }],
});
export default config;
`,
    );
    const checked = await runToEnd(["--check", "--config", file]);
    assert.equal(checked.error, "");
    assert.match(checked.out, /the configuration is good/);
    assert.equal(checked.code, 0);
  });

  it("that is no configuration is refused with its paths", async () => {
    const file = write("bad.config.ts", "export default { listeners: [{ cluster: 5 }], clusterz: [] };");
    const finished = await runToEnd(["-c", file]);
    assert.ok(finished.error.includes(`${file}: listeners[0].cluster: found 5; allowed: the name of a cluster\n`));
    assert.ok(finished.error.includes(`${file}: clusterz: unknown key; did you mean "clusters"?\n`));
    assert.equal(finished.code, 2);
  });

  it("that throws, or exports nothing, is refused with the reason", async () => {
    const throwing = await runToEnd(["-c", write("throws.ts", 'throw new Error("no such secret");')]);
    assert.match(throwing.error, /throws\.ts: cannot be imported: no such secret\n$/);
    assert.equal(throwing.code, 2);
    const silent = await runToEnd(["-c", write("silent.ts", "export const config = {};")]);
    assert.match(silent.error, /silent\.ts: has no default export/);
    assert.equal(silent.code, 2);
  });
});

describe("the command line beside a file", () => {
  it("wins over it where an option is given", async () => {
    const file = write("override.yaml", yaml());
    const command = new RunningCommand(["--config", file, "--workers", "1", "--log-level", "info"]);
    try {
      assert.match(await command.ready(), /; 1 worker; /);
      command.signal("SIGTERM");
      assert.match((await command.finished).error, /info SIGTERM: accepting no more/);
    } finally {
      await command.stop();
    }
  });

  it("does not say where to listen or what to relay", async () => {
    const file = write("both.yaml", yaml());
    for (const option of [
      ["--listen", "127.0.0.1:0"],
      ["--to", "tcp://127.0.0.1:1"],
    ]) {
      const finished = await runToEnd(["--config", file, ...option]);
      assert.match(finished.error, /--config goes without --listen and --to/);
      assert.equal(finished.code, 2);
    }
  });
});

describe("--check with a file", () => {
  it("says that a good one is good, and exits with 0", async () => {
    const checked = await runToEnd(["--check", "--config", write("good.yaml", yaml())]);
    assert.match(checked.out, /the configuration is good; socket interface/);
    assert.equal(checked.code, 0);
  });

  it("says all that is wrong with a bad one, in the order of the file, and exits with 2", async () => {
    const file = write("bad.yaml", "wrokers: 1\nlisteners:\n  - listen: here\n    cluster: web\n");
    const checked = await runToEnd(["--check", "--config", file]);
    const lines = checked.error.trimEnd().split("\n");
    assert.deepEqual(lines, [
      `${file}:1:1: clusters: missing; it is a list of clusters`,
      `${file}:1:1: wrokers: unknown key; did you mean "workers"?`,
      `${file}:3:13: listeners[0].listen: "here" is not an address: the port is missing, such as here:80`,
      `${file}:4:14: listeners[0].cluster: no cluster is named "web"; there are none`,
    ]);
    assert.equal(checked.out, "");
    assert.equal(checked.code, 2);
  });

  it("says all that is wrong with routes, filters and clusters, each with its place", async () => {
    const file = write(
      "bad_routes.yaml",
      `listeners:
  - listen: 127.0.0.1:0
    filters:
      - type: custom
        filter: mine
    routes:
      - match: { prefx: /api }
        cluster: webb
      - cluster: web
        retry: { on: [rest] }
clusters:
  - name: web
    endpoints: ["127.0.0.1:1"]
    health_check: { type: tcp, path: / }
`,
    );
    const checked = await runToEnd(["--check", "--config", file]);
    assert.deepEqual(checked.error.trimEnd().split("\n"), [
      `${file}:5:17: listeners[0].filters[0].filter: is not a filter, which is an object with a name and functions: ` +
        "only a configuration in TypeScript (ringway.config.ts) can have one",
      `${file}:7:18: listeners[0].routes[0].match.prefx: unknown key; did you mean "prefix"?`,
      `${file}:8:18: listeners[0].routes[0].cluster: no cluster is named "webb"; did you mean "web"?`,
      `${file}:10:23: listeners[0].routes[1].retry.on[0]: found "rest"; ` +
        "allowed: one of connect-failure, reset, timeout, gateway-error, 5xx, conflict",
      `${file}:14:32: clusters[0].health_check.path: a check of type tcp asks for nothing`,
    ]);
    assert.equal(checked.out, "");
    assert.equal(checked.code, 2);
  });

  it("names all hosts that cannot be resolved, and exits with 1", async () => {
    const text = yaml().replaceAll("127.0.0.1:0", "no-such-1.invalid:1").replace("localhost", "no-such-2.invalid");
    const once = text.replace(', "no-such-1.invalid:1"', "").replace(/( {2}- \{ listen.*){3}/, "");
    const checked = await runToEnd(["--check", "--config", write("names.yaml", distinct(once))]);
    assert.match(checked.error, /Cannot resolve "no-such-2\.invalid": no such host/);
    assert.match(checked.error, /Cannot resolve "no-such-1\.invalid": no such host/);
    assert.equal(checked.code, 1);
  });
});

/** The same address twice is another mistake. */
function distinct(text: string): string {
  let port = 0;
  return text.replace(/no-such-1\.invalid:1/g, () => `no-such-1.invalid:${++port}`);
}

describe("files that are not there", () => {
  it("are named, and the command exits with 2", async () => {
    const finished = await runToEnd(["--config", join(folder, "none.yaml")]);
    assert.match(finished.error, /none\.yaml: cannot be read: there is no such file\n$/);
    assert.equal(finished.code, 2);
    const text = await runToEnd(["--config", "README.md"]);
    assert.match(text.error, /README\.md: the name of a configuration file ends with one of \.yaml, /);
    assert.equal(text.code, 2);
  });
});

describe("a file in the working directory", () => {
  it("is used when nothing says what to relay, and that is said", async () => {
    const own = mkdtempSync(join(tmpdir(), "ringway-found-"));
    writeFileSync(join(own, "ringway.yaml"), yaml().replace("log_level: warning", ""));
    const options = { cwd: own, module: `${PROJECT}proxy.ts` };
    const command = new RunningCommand([], options);
    try {
      const [port = 0] = await command.ports();
      assert.equal(await get(port), "web");
      assert.match(command.error, /info using ringway\.yaml, which is in the working directory\n/);
    } finally {
      await command.stop();
    }
    const open = new RunningCommand(["--listen", "127.0.0.1:0", "--workers", "1"], options);
    assert.match(await open.ready(), /the built-in demo/);
    await open.stop();
    writeFileSync(join(own, "ringway.config.ts"), "");
    const both = await runToEnd([], options);
    assert.match(both.error, /ringway\.yaml and ringway\.config\.ts are both here: choose one by --config FILE\n$/);
    assert.equal(both.code, 2);
    rmSync(own, { recursive: true });
  });
});

describe("limits of an overload", () => {
  it("reach the workers: a process that uses too much memory refuses requests", async () => {
    const file = write(
      "overload.yaml",
      `
workers: 1
overload: { refuse_memory_bytes: 1 }
listeners: [{ listen: "127.0.0.1:0", cluster: web }]
clusters: [{ name: web, endpoints: ["127.0.0.1:${portOf(web)}"] }]
`,
    );
    const command = new RunningCommand(["--config", file]);
    try {
      const url = `http://127.0.0.1:${await command.port()}/`;
      await command.until((_, error) => error.includes("the process uses too much memory"), "the memory is measured");
      const refused = await fetch(url, { headers: { accept: "application/json" } });
      assert.equal(refused.status, 503);
      const { reason } = (await refused.json()) as { readonly reason: string };
      assert.equal(reason, "OM");
    } finally {
      await command.stop();
    }
  });
});

describe("limits of connections", () => {
  it("hold for a listener, and for all of them", async () => {
    const named = await startNamed("served");
    const file = write(
      "limits.yaml",
      `
workers: 1
max_connections: 2
listeners:
  - { listen: "127.0.0.1:0", cluster: c, protocol: tcp, max_connections: 1 }
  - { listen: "127.0.0.1:0", cluster: c, protocol: tcp }
clusters:
  - { name: c, endpoints: ["127.0.0.1:${named.port}"] }
`,
    );
    const command = new RunningCommand(["--config", file]);
    const [first = 0, second = 0] = await command.ports();
    const sockets: Socket[] = [];
    try {
      const open = async (port: number) => {
        const socket = await connect({ port });
        sockets.push(socket);
        const served = new Promise<void>((resolve) => socket.once("data", () => resolve()));
        return { socket, served };
      };
      const one = await open(first);
      await one.served;
      const waiting = await open(first);
      const two = await open(second);
      await two.served;
      const alsoWaiting = await open(second);
      const winner = await Promise.race([
        waiting.served.then(() => "served"),
        alsoWaiting.served.then(() => "served"),
        new Promise((resolve) => setTimeout(resolve, 200, "waiting")),
      ]);
      assert.equal(winner, "waiting");
      two.socket.destroy();
      await alsoWaiting.served;
      one.socket.destroy();
      await waiting.served;
    } finally {
      for (const socket of sockets) socket.destroy();
      await command.stop();
      await named.close();
    }
  });
});
