/**
 * Another configuration while a proxy runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatAddress } from "../lib/net/address.ts";
import type { ClusterSection, ConfigFile } from "../lib/server/config_file/types.ts";
import { type RunningProxy, startProxy } from "../lib/server/start_proxy.ts";
import { connect, RunningCommand, until, unusedPort } from "./support/command.ts";
import { client, type Peer, respond, ScriptedUpstream, statusOf } from "./support/http_peers.ts";
import { startNamed, type Upstream } from "./support/servers.ts";
import { assertUnnoticed, connectingStorm, keepingStorm } from "./support/storm.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const DRIVERS = ["uring", "default"] as const;
const folder = mkdtempSync(join(tmpdir(), "ringway-reload-"));
const CRASHING_WORKER = new URL("./support/crashing_worker.ts", import.meta.url);
/** The variable that names the file at which such a worker crashes. */
const TRIGGER_VARIABLE = "RINGWAY_TEST_CRASH";
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let named: Upstream;

before(async () => {
  const start = (name: string) => ScriptedUpstream.start((_request, peer) => peer.send(respond(name)));
  [first, second, named] = await Promise.all([start("first"), start("second"), startNamed("named")]);
});
after(async () => {
  await Promise.all([first.close(), second.close(), named.close()]);
  rmSync(folder, { recursive: true });
});

interface Scene {
  readonly proxy: RunningProxy;
  readonly port: number;
  readonly log: string[];
  /** A configuration that goes to one of the upstreams. */
  readonly to: (
    upstream: ScriptedUpstream,
    more?: Partial<ConfigFile>,
    cluster?: Partial<ClusterSection>,
  ) => ConfigFile;
}

for (const driver of DRIVERS) {
  async function withProxy(
    use: (scene: Scene) => Promise<void>,
    start: Partial<ConfigFile> = {},
    workerUrl?: URL,
  ): Promise<void> {
    const log: string[] = [];
    const to: Scene["to"] = (upstream, more = {}, cluster = {}) => ({
      workers: 2,
      socket_interface: driver,
      drain_timeout_ms: 20_000,
      listeners: [{ listen: "127.0.0.1:0", cluster: "web" }],
      clusters: [{ name: "web", endpoints: [`127.0.0.1:${upstream.port}`], ...cluster }],
      ...more,
    });
    const proxy = await startProxy(to(first, start), {
      log: (level, message) => void log.push(`${level} ${message}`),
      ...(workerUrl === undefined ? {} : { workerUrl }),
    });
    try {
      await use({ proxy, port: portOf(proxy), log, to });
    } finally {
      await proxy.close();
    }
  }

  describe(`another configuration on the ${driver} driver`, () => {
    it("gets all new connections, at the same port", () =>
      withProxy(async ({ proxy, port, to }) => {
        for (let i = 0; i < 8; i++) assert.equal(await get(port), "first");
        await proxy.reload(to(second));
        assert.equal(portOf(proxy), port);
        for (let i = 0; i < 8; i++) assert.equal(await get(port), "second");
        assert.equal(proxy.statistics().http_requests_total, 16);
        assert.equal(proxy.statistics().http_responses_2xx_total, 16);
      }));

    it("leaves a request that is under way to the old one, and has the next one", () =>
      withProxy(async ({ proxy, port, to }) => {
        const idle = await client(port);
        idle.send(GET);
        assert.equal((await idle.response()).body, "first");
        const slow = await client(port);
        slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
        await until(() => proxy.statistics().http_requests_active === 1, "the request is under way");
        await proxy.reload(to(second));
        // One that comes right after the change is served where its connection is.
        idle.send(GET);
        const last = await idle.response();
        assert.equal(last.body, "first");
        assert.ok(last.fields.some(([name, value]) => name === "connection" && value === "close"));
        await idle.until(() => idle.isOver, "its connection was closed behind it");
        slow.send("cd");
        const response = await slow.response();
        assert.deepEqual([statusOf(response), response.body], [200, "first"]);
        await slow.until(() => slow.isOver, "its connection was closed behind it, too");
        assert.deepEqual([idle.errorCode, slow.errorCode], ["", ""]);
        await until(() => proxy.statistics().downstream_connections_active === 0, "none is open");
        assert.equal(proxy.statistics().http_requests_total, 3);
      }));

    it("is not noticed by clients that make many connections, or use them again and again", () =>
      withProxy(async ({ proxy, port, to }) => {
        const storms = [connectingStorm(2, port), keepingStorm(2, port)] as const;
        for (const upstream of [second, first, second]) {
          await proxy.reload(to(upstream));
          await Promise.all(storms.map((storm) => storm.goOn(50)));
        }
        await Promise.all(storms.map((storm) => storm.end()));
        assertUnnoticed(storms, driver);
        assert.equal(await get(port), "second");
      }));

    it("opens and closes addresses, and has more workers, or fewer", () =>
      withProxy(async ({ proxy, port, to }) => {
        const other = await unusedPort();
        const both = [
          { listen: "127.0.0.1:0", cluster: "web" },
          { listen: `127.0.0.1:${other}`, cluster: "web" },
        ];
        await proxy.reload(to(second, { listeners: both, workers: 3 }));
        assert.deepEqual(proxy.addresses.map(formatAddress), [`127.0.0.1:${port}`, `127.0.0.1:${other}`]);
        assert.equal(proxy.workers, 3);
        for (let i = 0; i < 12; i++) for (const one of [port, other]) assert.equal(await get(one), "second");
        await proxy.reload(to(first, { listeners: both.slice(1), workers: 1 }));
        assert.deepEqual(proxy.addresses.map(formatAddress), [`127.0.0.1:${other}`]);
        for (let i = 0; i < 12; i++) assert.equal(await get(other), "first");
        await assert.rejects(connect({ port }), { code: "ECONNREFUSED" });
      }));

    it("keeps a unix socket", async () => {
      const path = join(folder, `${driver}.sock`);
      const listeners = [{ listen: `unix:${path}`, cluster: "web" }];
      const proxy = await startProxy({
        workers: 2,
        socket_interface: driver,
        listeners,
        clusters: [{ name: "web", endpoints: [`127.0.0.1:${first.port}`] }],
      });
      const ask = async () => {
        const socket = await connect({ path });
        socket.end(GET.replace("Host: a", "Host: a\r\nConnection: close"));
        let text = "";
        for await (const bytes of socket) text += new TextDecoder().decode(bytes as Uint8Array);
        return text.split("\r\n\r\n")[1];
      };
      try {
        assert.equal(await ask(), "first");
        await proxy.reload({
          workers: 1,
          socket_interface: driver,
          listeners,
          clusters: [{ name: "web", endpoints: [`127.0.0.1:${second.port}`] }],
        });
        assert.equal(await ask(), "second");
      } finally {
        await proxy.close();
      }
      await assert.rejects(connect({ path }));
    });

    it("that is bad changes nothing, and says everything that is wrong", () =>
      withProxy(async ({ proxy, port, to }) => {
        const open = await client(port);
        open.send(GET);
        await open.response();
        const bad = { ...to(second), backlog: 0, drain_timeout: 5 };
        await assert.rejects(proxy.reload(bad), (error: Error & { code: string }) => {
          assert.equal(error.code, "ERR_CONFIG");
          assert.equal(error.message.split("\n").length, 2, error.message);
          return true;
        });
        const used = await startNamed("taken");
        for (const [source, code] of [
          [to(second, {}, { endpoints: ["no-such-host.invalid:1"] }), "ERR_RESOLVE"],
          [to(second, {}, { balancer: { module: "./no_such_balancer.ts" } }), "ERR_BALANCER"],
          [to(second, { listeners: [{ listen: `127.0.0.1:${used.port}`, cluster: "web" }] }), "EADDRINUSE"],
          [to(second, { access_log: join(folder, "no/such/folder/log") }), "ERR_ACCESS_LOG"],
          [to(second, { socket_interface: driver === "uring" ? "default" : "uring" }), "ERR_RELOAD"],
        ] as const) {
          await assert.rejects(proxy.reload(source), { code }, code);
        }
        await used.close();
        // Not even this connection is told to go.
        open.send(GET);
        const response = await open.response();
        assert.equal(response.body, "first");
        assert.ok(!response.fields.some(([name]) => name === "connection"));
        open.destroy();
        assert.equal(await get(port), "first");
        await proxy.reload(to(second));
        assert.equal(await get(port), "second");
      }));

    it("cuts off after the drain timeout what does not end, and says so", () =>
      withProxy(
        async ({ proxy, port, log, to }) => {
          const tcp = [{ listen: "127.0.0.1:0", cluster: "tcp", protocol: "tcp" as const }];
          const clusters = [{ name: "tcp", endpoints: [`127.0.0.1:${named.port}`] }];
          await proxy.reload(to(first, { listeners: tcp, clusters, drain_timeout_ms: 300 }));
          const relayed = await client(port);
          assert.equal(await relayed.takeBytes(5), "named");
          await proxy.reload(to(second));
          assert.equal(await get(port), "second");
          await relayed.until(() => relayed.isOver, "it was cut off");
          const cut = "warning 1 connection of an earlier configuration cut off: the drain timeout is over";
          assert.ok(log.includes(cut), log.join("\n"));
          await until(() => proxy.statistics().downstream_connections_active === 0, "none is counted");
        },
        { workers: 1 },
      ));

    it("may come often: the oldest of those that still have connections are cut off", () =>
      withProxy(
        async ({ proxy, port, log, to }) => {
          const relays: Peer[] = [];
          const tcp = [{ listen: "127.0.0.1:0", cluster: "tcp", protocol: "tcp" as const }];
          const clusters = [{ name: "tcp", endpoints: [`127.0.0.1:${named.port}`] }];
          for (let i = 0; i < 7; i++) {
            await proxy.reload(to(first, { listeners: tcp, clusters, workers: 1 }));
            const relayed = await client(port);
            await relayed.takeBytes(5);
            relays.push(relayed);
          }
          // One is the present one's, and four may go on beside it.
          await until(() => relays.filter(({ isOver }) => isOver).length === 2, "two were cut off");
          assert.deepEqual(
            relays.map(({ isOver }) => isOver),
            [true, true, false, false, false, false, false],
          );
          const cut = "warning 1 connection of an earlier configuration cut off: too many have come after it";
          assert.equal(log.filter((line) => line === cut).length, 2, log.join("\n"));
          for (const relayed of relays.slice(2)) {
            relayed.send("ping");
            assert.equal(await relayed.takeBytes(4), "ping");
            relayed.destroy();
          }
          await until(() => proxy.statistics().downstream_connections_active === 0, "all have ended");
          assert.equal(proxy.statistics().downstream_connections_total, 7);
        },
        { workers: 1 },
      ));

    it("has workers that are replaced when they crash, as the first one had", async () => {
      const trigger = join(folder, `crash-${driver}`);
      process.env[TRIGGER_VARIABLE] = trigger;
      await withProxy(
        async ({ proxy, port, log, to }) => {
          await proxy.reload(to(second, { workers: 1 }));
          await until(() => {
            // The one of an earlier configuration may have taken it with it into its end.
            if (!existsSync(trigger)) writeFileSync(trigger, "");
            return log.some((line) => /^info worker 0 runs again/.test(line));
          }, "it is replaced");
          rmSync(trigger, { force: true });
          await until(async () => (await get(port).catch(() => "")) === "second", "it serves");
          await proxy.reload(to(first));
          assert.equal(await get(port), "first");
        },
        { workers: 1 },
        CRASHING_WORKER,
      );
    });

    it("comes after those that were asked for before, and not to a proxy that is closed meanwhile", () =>
      withProxy(async ({ proxy, port, to }) => {
        const reloads = [second, first, second].map((upstream) => proxy.reload(to(upstream)));
        await Promise.all(reloads);
        assert.equal(await get(port), "second");
        const late = proxy.reload(to(first));
        const later = proxy.reload(to(second));
        const ends = Promise.allSettled([late, later]);
        await Promise.all([proxy.drain(), proxy.close()]);
        for (const end of await ends) {
          assert.equal(end.status === "rejected" && (end.reason as { code: string }).code, "ERR_PROXY_CLOSED");
        }
        await assert.rejects(connect({ port }), { code: "ECONNREFUSED" });
      }));
  });
}

describe("another configuration", () => {
  it("does not forget which endpoints are bad", async () => {
    const health_check = { type: "tcp" as const, interval_ms: 20, unhealthy_threshold: 1 };
    const dead = await unusedPort();
    const source = (policy: "round_robin" | "random"): ConfigFile => ({
      workers: 1,
      listeners: [{ listen: "127.0.0.1:0", cluster: "web" }],
      clusters: [
        {
          name: "web",
          endpoints: [`127.0.0.1:${dead}`, `127.0.0.1:${first.port}`],
          connect_attempts: 1,
          balancer: policy,
          health_check,
        },
      ],
    });
    await using proxy = await startProxy(source("round_robin"));
    const health = () => proxy.endpoints()[0]?.endpoints.map(({ isHealthy }) => isHealthy);
    await until(() => health()?.[0] === false, "it is found");
    // The workers are told a moment later.
    await until(
      async () => (await Promise.all([1, 2, 3, 4].map(() => get(portOf(proxy))))).every(isFirst),
      "it counts",
    );
    const reloaded = proxy.reload(source("random"));
    const seen: (boolean | undefined)[] = [];
    while (!(await Promise.race([reloaded.then(() => true), nextTurn()]))) seen.push(health()?.[0]);
    for (let i = 0; i < 20; i++) assert.equal(await get(portOf(proxy)), "first");
    assert.ok(!seen.includes(true));
  });

  it("is read from a module as it is now, with what that imports", async () => {
    const names = join(folder, "name.ts");
    const module = join(folder, "named.config.ts");
    writeFileSync(names, 'export const name: string = "one";\n');
    writeFileSync(
      module,
      `import { defineConfig, type HttpFilter } from ${JSON.stringify(`${PROJECT}/mod.ts`)};
import { name } from "./name.ts";
const reply: HttpFilter = { name, onRequestHead: (exchange) => exchange.reply(200, name) };
export default defineConfig({
  workers: 1,
  listeners: [{ listen: "127.0.0.1:0", cluster: "web", filters: [{ type: "custom", filter: reply }] }],
  clusters: [{ name: "web", endpoints: ["127.0.0.1:1"] }],
});
`,
    );
    const configFile = pathToFileURL(module);
    await using proxy = await startProxy({ configFile });
    assert.equal(await get(portOf(proxy)), "one");
    writeFileSync(names, 'export const name: string = "two";\n');
    await proxy.reload({ configFile });
    assert.equal(await get(portOf(proxy)), "two");
    writeFileSync(names, "export const nam = 5;\n");
    await assert.rejects(proxy.reload({ configFile }), {
      code: "ERR_CONFIG",
      message: /named\.config\.ts: cannot be imp/,
    });
    writeFileSync(names, "export const name = 5;\n");
    await assert.rejects(proxy.reload({ configFile }), { code: "ERR_CONFIG", message: /filters\[0\]\.filter/ });
    assert.equal(await get(portOf(proxy)), "two");
  });
});

describe("the command at SIGHUP", () => {
  it("has what its file says now, or says why not", async () => {
    const file = join(folder, "command.yaml");
    const log = join(folder, "access.log");
    const save = (upstream: ScriptedUpstream, more = "") =>
      writeFileSync(
        file,
        `access_log: ${log}\nlisteners: [{ listen: "127.0.0.1:0", cluster: web }]\n` +
          `clusters: [{ name: web, endpoints: ["127.0.0.1:${upstream.port}"] }]\n${more}`,
      );
    save(first);
    const command = new RunningCommand(["--config", file, "--workers", "1"]);
    try {
      const port = await command.port();
      assert.equal(await get(port), "first");
      save(second);
      renameSync(log, `${log}.1`);
      command.signal("SIGHUP");
      const changed = `info SIGHUP: the configuration is changed: 127.0.0.1:${port}; 1 worker\n`;
      await command.until((_, error) => error.includes(changed), "it is changed");
      assert.equal(await get(port), "second");
      await until(() => readFileSync(log, "utf8").split("\n").length === 2, "the line is in a new log");
      assert.match(readFileSync(`${log}.1`, "utf8"), /"GET \/ HTTP\/1\.1" 200/);
      save(first, "backlog: 0\nbalance: 5\n");
      command.signal("SIGHUP");
      const refused =
        /error SIGHUP: the configuration stays as it was: .*command\.yaml:4:10: backlog: .*\n.*balance: unk/;
      await command.until((_, error) => refused.test(error), "it is refused");
      assert.equal(await get(port), "second");
      command.signal("SIGTERM");
      const { code } = await command.finished;
      assert.equal(code, 0);
    } finally {
      await command.stop();
    }
  });
});

function portOf({ addresses: [address] }: RunningProxy): number {
  assert.ok(address !== undefined && address.family !== "unix");
  return address.port;
}

const isFirst = (name: string): boolean => name === "first";

function nextTurn(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), 1));
}

/** The body of an answer, on a connection of its own. */
async function get(port: number): Promise<string> {
  const peer = await client(port);
  peer.send(GET.replace("Host: a", "Host: a\r\nConnection: close"));
  try {
    return (await peer.response()).body;
  } finally {
    peer.destroy();
  }
}
