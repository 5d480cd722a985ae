/** The access log of a running proxy, on every driver. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { connect, RunningCommand, runToEnd, unusedPort } from "./support/command.ts";
import { startUpstream, type Upstream } from "./support/servers.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

for (const driver of ["uring", "default"]) {
  describe(`the access log on the ${driver} driver`, () => {
    let folder = "";
    let upstream: Upstream;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "ringway-"));
      upstream = await startUpstream((socket) => {
        socket.on("data", () => socket.write(ANSWER));
      });
    });
    after(async () => {
      await upstream.close();
      await rm(folder, { recursive: true });
    });

    /** The lines that a proxy writes for one connection with these bytes. */
    async function linesFor(name: string, to: number, options: readonly string[], request: string): Promise<string[]> {
      const path = join(folder, name);
      const where = ["--listen", "127.0.0.1:0", "--to", `http://127.0.0.1:${to}`, "--workers", "1"];
      const log = ["--socket-interface", driver, "--access-log", path, ...options];
      const command = new RunningCommand([...where, ...log]);
      try {
        const client = await connect({ port: await command.port() });
        client.resume();
        client.write(request);
        await once(client, "end");
        client.end();
        await once(client, "close");
        command.signal("SIGTERM");
        assert.equal((await command.finished).code, 0);
      } finally {
        await command.stop();
      }
      const text = await readFile(path, "utf8");
      assert.ok(text.endsWith("\n"), text);
      return text.slice(0, -1).split("\n");
    }

    it("has a line for each request, in their order", async () => {
      const request =
        "POST /one?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
        "GET /two HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\nConnection: close\r\n\r\n";
      const [one, two, ...rest] = await linesFor("combined", upstream.port, [], request);
      const head = /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] /;
      const tail = new RegExp(` - \\d+ 127\\.0\\.0\\.1:${upstream.port} [0-9a-f]{32}$`);
      for (const line of [one ?? "", two ?? ""]) {
        assert.match(line, head);
        assert.match(line, tail);
      }
      assert.match(one ?? "", /\] "POST \/one\?x=1 HTTP\/1\.1" 200 5 "-" "-" /);
      assert.match(two ?? "", /\] "GET \/two HTTP\/1\.1" 200 5 "-" "test" /);
      assert.deepEqual(rest, []);
    });

    it("says why the proxy answered itself", async () => {
      const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      const format = ["--access-log-format", "json"];
      const [refused = ""] = await linesFor("refused", await unusedPort(), format, request);
      const record = JSON.parse(refused);
      assert.equal(record.status, 502);
      assert.equal(record.reason, "UF");
      assert.equal(record.upstream, null);
      const malformed = await linesFor(
        "malformed",
        upstream.port,
        ["--access-log-format", "%method% %status% %reason%"],
        "nonsense\r\n\r\n",
      );
      assert.deepEqual(malformed, ["- 400 DPE"]);
    });
  });
}

describe("mistakes about the access log", () => {
  const to = ["--to", "http://127.0.0.1:1"];
  it("in the format are named", async () => {
    const { code, error } = await runToEnd([...to, "--access-log", "-", "--access-log-format", "%nonsense%"]);
    assert.equal(code, 2);
    assert.match(error, /%nonsense%.*known are time, client, method/);
  });

  it("in the file are named", async () => {
    const { code, error } = await runToEnd([
      ...to,
      "--access-log",
      "/nonexistent/folder/log",
      "--listen",
      "127.0.0.1:0",
    ]);
    assert.equal(code, 1);
    assert.match(error, /Cannot open the access log "\/nonexistent\/folder\/log".*ENOENT|No such file/);
  });

  it("without HTTP are named", async () => {
    const { code, error } = await runToEnd(["--to", "tcp://127.0.0.1:1", "--access-log", "-"]);
    assert.equal(code, 2);
    assert.match(error, /--access-log has a line for each HTTP request/);
  });
});
