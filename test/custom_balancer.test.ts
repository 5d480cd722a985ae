/**
 * Balancers of the user's own: found, made, and what becomes of requests when they are wrong.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ConfigFile } from "../lib/server/config_file/types.ts";
import { type RunningProxy, startProxy } from "../lib/server/start_proxy.ts";
import { RunningCommand, runToEnd, until } from "./support/command.ts";
import { client, type Peer, respond, ScriptedUpstream, statusOf } from "./support/http_peers.ts";
import { startNamed } from "./support/servers.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ringway balancer #1 "));
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

let upstreams: ScriptedUpstream[];

before(async () => {
  upstreams = await Promise.all(
    ["one", "two"].map((name) => ScriptedUpstream.start((_request, peer) => peer.send(respond(name)))),
  );
});
after(async () => {
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Picks the endpoint with the number that it has as an option, or the one whose number comes with the hash. */
const NUMBERED = `
import type { Balancer, BalancerChoice, BalancerContext, BalancerEndpoint } from ${JSON.stringify(`${PROJECT}/mod.ts`)};
export default class Numbered implements Balancer {
  readonly #number: number;
  constructor({ options, cluster, worker, workers }: BalancerContext) {
    if (cluster !== "web" || worker !== 0 || workers !== 1) throw new Error("not what it is");
    this.#number = Number(options["number"]);
  }
  pick({ endpoints, hash }: BalancerChoice): BalancerEndpoint | null {
    if (this.#number === 7) throw new Error("seven is too much");
    if (this.#number === 8) return { ...endpoints[0] } as BalancerEndpoint;
    return endpoints[hash === null ? this.#number : hash % 2] ?? null;
  }
}
`;

function configuration(module: string, number: number, protocol: "http" | "tcp" = "http"): ConfigFile {
  return {
    workers: 1,
    listeners: [{ listen: "127.0.0.1:0", cluster: "web", protocol }],
    clusters: [
      {
        name: "web",
        endpoints: upstreams.map(({ port }) => `127.0.0.1:${port}`),
        balancer: { module, options: { number } },
      },
    ],
  };
}

async function ask({ addresses: [address] }: RunningProxy): Promise<string> {
  assert.ok(address !== undefined && address.family !== "unix");
  const peer = await client(address.port);
  peer.send(GET);
  const response = await peer.response();
  peer.destroy();
  return `${statusOf(response)} ${response.body.trim()}`;
}

for (const driver of ["uring", "default"] as const) {
  describe(`a balancer of the user's own on the ${driver} driver`, () => {
    it("chooses, in a program, by the URL of its module", async () => {
      const url = pathToFileURL(write("numbered.ts", NUMBERED)).href;
      for (const [number, name] of ["one", "two"].entries()) {
        await using proxy = await startProxy({ ...configuration(url, number), socket_interface: driver });
        for (let i = 0; i < 4; i++) assert.equal(await ask(proxy), `200 ${name}`);
      }
    });

    it("that wants none, throws, or returns what is none: 503, a line in the log, and the worker goes on", async () => {
      const url = pathToFileURL(write("numbered.ts", NUMBERED)).href;
      for (const [number, message] of [
        [5, /^error worker 0: no endpoint to connect to: its balancer picked none$/],
        [7, /^error worker 0: the balancer: Error: seven is too much\n/],
        [8, /^error worker 0: the balancer: TypeError: pick returned what is none of the endpoints/],
      ] as const) {
        const log: string[] = [];
        const source = { ...configuration(url, number), socket_interface: driver };
        await using proxy = await startProxy(source, { log: (level, text) => void log.push(`${level} ${text}`) });
        for (let i = 0; i < 3; i++) assert.match(await ask(proxy), /^503 /);
        assert.ok(
          log.some((line) => message.test(line)),
          log.join("\n"),
        );
        assert.ok(log.length <= 2, "what is the same is said once a second");
        assert.equal(proxy.statistics().http_reason_uh_total, 3);
        await proxy.reload({ ...configuration(url, 0), socket_interface: driver });
        assert.equal(await ask(proxy), "200 one");
      }
    });

    it("that throws closes a TCP connection, and no other", async () => {
      const named = await startNamed("named");
      const text = `let calls = 0;
export default class Second {
  pick({ endpoints }) {
    if (++calls === 2) throw new Error("the second");
    return endpoints[0];
  }
}
`;
      const url = pathToFileURL(write("second.mjs", text)).href;
      const source: ConfigFile = {
        ...configuration(url, 0, "tcp"),
        socket_interface: driver,
        clusters: [{ name: "web", endpoints: [`127.0.0.1:${named.port}`], balancer: { module: url } }],
      };
      await using proxy = await startProxy(source);
      const [address] = proxy.addresses;
      assert.ok(address !== undefined && address.family !== "unix");
      const peers: Peer[] = [];
      for (let i = 0; i < 3; i++) {
        // It may be reset before it is noticed that it was there.
        const peer: Peer | null = await client(address.port).catch(() => null);
        if (i === 1) await peer?.until(() => peer.isOver, "it was closed");
        else assert.equal(await peer?.takeBytes(5), "named");
        if (peer !== null) peers.push(peer);
      }
      peers[0]?.send("still here");
      assert.equal(await peers[0]?.takeBytes(10), "still here");
      for (const peer of peers) peer.destroy();
      await proxy.close();
      await named.close();
    });
  });
}

describe("the module of a balancer", () => {
  it("is found from the folder of the file that names it, whatever its name", async () => {
    write("numbered.ts", NUMBERED);
    const file = write(
      "ringway.yaml",
      `workers: 1
listeners: [{ listen: "127.0.0.1:0", cluster: web }]
clusters:
  - name: web
    endpoints: ["127.0.0.1:${upstreams[0]?.port}", "127.0.0.1:${upstreams[1]?.port}"]
    balancer: { module: ./numbered.ts, options: { number: 1 } }
`,
    );
    await using proxy = await startProxy({ configFile: file });
    assert.equal(await ask(proxy), "200 two");
    const module = write("same.config.ts", `export default ${JSON.stringify(configuration("./numbered.ts", 0))};\n`);
    await proxy.reload({ configFile: module });
    assert.equal(await ask(proxy), "200 one");
  });

  it("has to be there, and to be one: the start and --check say what is wrong", async () => {
    const throwing = "export default class A { constructor() { throw new Error('no license'); } }";
    for (const [name, text, message] of [
      ["missing.ts", null, /^The balancer of cluster "web", file:.*missing\.ts, can't be imported: /],
      ["broken.ts", "export default class {", /, can't be imported: /],
      ["silent.ts", "export class A {}", /, has no default export: write "export default class MyBalancer/],
      ["data.ts", "export default { pick: 5 };", /, has a default export that is no class: write/],
      ["throwing.ts", throwing, /, can't be made: no license$/],
      ["pickless.ts", "export default class {}", /, has no function pick$/],
    ] as const) {
      const url = pathToFileURL(text === null ? join(folder, name) : write(name, text)).href;
      await assert.rejects(startProxy(configuration(url, 0)), { code: "ERR_BALANCER", message });
      const file = write("checked.json", JSON.stringify(configuration(`./${name}`, 0)));
      const { code, error } = await runToEnd(["--check", "--config", file]);
      assert.equal(code, 1, error);
      assert.match(error, new RegExp(message.source.replace("^", "").replace(/\$$/, "")));
    }
  });
});

describe("examples/custom_balancer", () => {
  it("keeps sessions, spreads the rest by weight, and has a limit", async () => {
    const waiting: Peer[] = [];
    const names = ["3001", "3002"];
    const servers = await Promise.all(
      names.map((name) =>
        ScriptedUpstream.start((request, peer) => {
          if (request.startLine.includes("/wait")) waiting.push(peer);
          else peer.send(respond(name));
        }),
      ),
    );
    let text = readFileSync(`${PROJECT}/examples/custom_balancer/ringway.yaml`, "utf8").replace(":8080", ":0");
    text = text.replace("./least_load.ts", `${PROJECT}/examples/custom_balancer/least_load.ts`);
    for (const [index, name] of names.entries()) text = text.replace(`:${name}`, `:${servers[index]?.port}`);
    const command = new RunningCommand(["--workers", "1", "--config", write("example.yaml", text)]);
    try {
      const port = await command.port();
      const sessions = new Map<string, Set<string>>();
      for (let i = 0; i < 40; i++) {
        const session = String(i % 10);
        const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: `session=${session}` } });
        sessions.set(session, (sessions.get(session) ?? new Set()).add(await response.text()));
      }
      assert.ok([...sessions.values()].every(({ size }) => size === 1));
      assert.equal(new Set([...sessions.values()].flatMap((one) => [...one])).size, 2);
      const peers: Peer[] = [];
      for (let i = 0; i < 4; i++) {
        const peer = await client(port);
        peer.send(GET.replace("/ ", "/wait "));
        peers.push(peer);
        await until(() => waiting.length === i + 1, "it waits");
      }
      assert.deepEqual(
        servers.map(({ requests }) => requests.filter(({ startLine }) => startLine.includes("/wait")).length),
        [2, 2],
      );
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 503, "both are full");
      for (const peer of waiting) peer.send(respond("done"));
      for (const peer of peers) {
        assert.equal((await peer.response()).body, "done");
        peer.destroy();
      }
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    } finally {
      await command.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  });
});
