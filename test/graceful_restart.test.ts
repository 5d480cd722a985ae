/**
 * A new process takes over from an old one, and no client notices.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RunningCommand, runToEnd, unusedPort } from "./support/command.ts";
import { client, respond, ScriptedUpstream } from "./support/http_peers.ts";
import { assertUnnoticed, connectingStorm, keepingStorm } from "./support/storm.ts";

const CLOSING_GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

let upstream: ScriptedUpstream;

before(async () => {
  upstream = await ScriptedUpstream.start((_request, peer) => peer.send(respond("hello")));
});
after(() => upstream.close());

function start(port: number, driver: string): RunningCommand {
  const options = ["--reuse-port", "--workers", "2", "--socket-interface", driver];
  const to = `http://127.0.0.1:${upstream.port}`;
  return new RunningCommand(["--listen", `127.0.0.1:${port}`, "--to", to, ...options]);
}

for (const driver of ["uring", "default"] as const) {
  describe(`a new process on the port of an old one, on the ${driver} driver`, () => {
    it("takes over while many connections are made", async () => {
      const port = await unusedPort();
      let old = start(port, driver);
      await old.ready();
      const connecting = connectingStorm(2, port);
      const keeping = keepingStorm(2, port);
      try {
        for (let round = 0; round < 3; round++) {
          await connecting.goOn(50);
          const next = start(port, driver);
          await next.ready();
          old.signal("SIGTERM");
          const { code, error } = await old.finished;
          assert.equal(code, 0, error);
          assert.doesNotMatch(error, /cut off/);
          old = next;
        }
        await connecting.goOn(50);
      } finally {
        await Promise.all([connecting.end(), keeping.end()]);
        await old.stop();
      }
      assert.ok(keeping.served > 50, `${keeping.served} were served on connections that were kept`);
      assertUnnoticed([connecting, keeping], driver);
    });

    it("may do so only if both want it", async () => {
      const alone = new RunningCommand(["--listen", "127.0.0.1:0", "--workers", "2", "--socket-interface", driver]);
      try {
        const port = await alone.port();
        const options = ["--socket-interface", driver, "--workers", "1"];
        const listen = ["--listen", `127.0.0.1:${port}`];
        const shared = await runToEnd([...listen, "--reuse-port", "--check", ...options]);
        assert.equal(shared.code, 0, "a check opens nothing");
        const refused = await runToEnd([...listen, ...options]);
        assert.match(refused.error, /the address is in use/);
        assert.equal(refused.code, 1);
      } finally {
        await alone.stop();
      }
    });
  });
}

describe("examples/graceful_restart.ts", () => {
  it("takes over, and has other endpoints at SIGHUP", async () => {
    const port = await unusedPort();
    const file = join(tmpdir(), `ringway-endpoints-${crypto.randomUUID()}`);
    const other = await ScriptedUpstream.start((_request, peer) => peer.send(respond("other")));
    const module = "examples/graceful_restart.ts";
    const run = (environment: Readonly<Record<string, string>>) =>
      new RunningCommand([`127.0.0.1:${port}`, `127.0.0.1:${upstream.port}`], { module, environment });
    const get = async () => {
      const peer = await client(port);
      peer.send(CLOSING_GET);
      const { body } = await peer.response();
      peer.destroy();
      return body;
    };
    writeFileSync(file, `127.0.0.1:${upstream.port}\n`);
    const old = run({});
    const next: RunningCommand[] = [];
    try {
      await old.ready();
      assert.equal(await get(), "hello");
      next.push(run({ ENDPOINTS: file }));
      const [present] = next;
      assert.ok(present);
      await present.ready();
      old.signal("SIGTERM");
      const { code, out } = await old.finished;
      assert.equal(code, 0);
      assert.match(out, /^\d+ ended, connections cut off: 0$/m);
      assert.equal(await get(), "hello");
      writeFileSync(file, `127.0.0.1:${other.port}\n`);
      present.signal("SIGHUP");
      await present.until((printed) => /^\d+ has other endpoints$/m.test(printed), "it has other endpoints");
      assert.equal(await get(), "other");
      writeFileSync(file, "nowhere\n");
      present.signal("SIGHUP");
      await present.until((_, error) => error.includes("goes on with those that it has"), "it says what is wrong");
      assert.equal(await get(), "other");
    } finally {
      await Promise.all([old.stop(), ...next.map((one) => one.stop())]);
      await other.close();
      rmSync(file, { force: true });
    }
  });
});
