/**
 * Real clients and real servers through the proxy.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RunningCommand } from "./support/command.ts";
import { missing, run, type ServerProgram, startServer } from "./support/programs.ts";

for (const driver of ["uring", "default"]) {
  const start = (port: number) =>
    new RunningCommand(["--listen", "127.0.0.1:0", "--to", `tcp://127.0.0.1:${port}`, "--socket-interface", driver]);

  describe(`web traffic on the ${driver} driver`, { skip: missing("nginx", "curl", "wrk") }, () => {
    const folder = mkdtempSync(join(tmpdir(), "ringway-test-"));
    let nginx: ServerProgram;
    let command: RunningCommand;
    let url = "";
    before(async () => {
      // Started by root, nginx reads as another user.
      chmodSync(folder, 0o755);
      writeFileSync(join(folder, "small"), "x".repeat(4096));
      writeFileSync(join(folder, "large"), crypto.getRandomValues(new Uint8Array(65536)).toHex().repeat(80));
      nginx = await startServer("nginx", (port) => ["-p", folder, "-e", "stderr", "-c", nginxConfig(folder, port)]);
      command = start(nginx.port);
      url = `http://127.0.0.1:${await command.port()}`;
    });
    after(async () => {
      await command.stop();
      await nginx.stop();
      rmSync(folder, { recursive: true });
    });

    it("curl downloads a large file unchanged", async () => {
      const path = join(folder, "downloaded");
      const { code, error } = await run("curl", ["-sS", "-o", path, `${url}/large`]);
      assert.equal(code, 0, error);
      assert.equal(sha256(path), sha256(join(folder, "large")));
    });

    it("curl sends several requests over one connection", async () => {
      const one = ["-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", `${url}/small`];
      const { out } = await run("curl", ["-sS", ...one, "--next", ...one, "--next", ...one]);
      assert.equal(out, "200 1\n200 0\n200 0\n");
    });

    it("wrk finds no error over 64 connections", async () => {
      const { out, code } = await run("wrk", ["-t1", "-c64", "-d1s", `${url}/small`]);
      assert.equal(code, 0);
      const [, requests = "0"] = /(\d+) requests in/.exec(out) ?? [];
      assert.ok(Number(requests) > 0, out);
      assert.doesNotMatch(out, /Socket errors|Non-2xx/);
    });
  });

  describe(`redis on the ${driver} driver`, { skip: missing("redis-server", "redis-cli", "redis-benchmark") }, () => {
    let redis: ServerProgram;
    let command: RunningCommand;
    let port = "";
    before(async () => {
      redis = await startServer("redis-server", (port) => ["--port", `${port}`, "--save", "", "--appendonly", "no"]);
      command = start(redis.port);
      port = `${await command.port()}`;
    });
    after(async () => {
      await command.stop();
      await redis.stop();
    });

    it("redis-cli sets and gets", async () => {
      assert.equal((await run("redis-cli", ["-p", port, "set", "key", "value"])).out, "OK\n");
      assert.equal((await run("redis-cli", ["-p", port, "get", "key"])).out, "value\n");
    });

    it("redis-benchmark pipelines over 20 connections", async () => {
      const { out, code } = await run("redis-benchmark", [
        "-p",
        port,
        "-c",
        "20",
        "-n",
        "4000",
        "-P",
        "8",
        "-t",
        "set,get",
        "-q",
      ]);
      assert.equal(code, 0);
      assert.match(out, /SET: [\d.]+ requests per second/);
      assert.match(out, /GET: [\d.]+ requests per second/);
    });
  });

  describe(`netcat on the ${driver} driver`, { skip: missing("nc", "socat") }, () => {
    it("sends its input, half-closes, and gets all of the answer", async () => {
      const socat = await startServer("socat", (port) => [
        `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`,
        "EXEC:sort",
      ]);
      const command = start(socat.port);
      try {
        const lines = Array.from({ length: 20_000 }, (_, index) => `line ${(index * 7919) % 20_000}`);
        const { out } = await run("nc", ["-N", "127.0.0.1", `${await command.port()}`], `${lines.join("\n")}\n`);
        assert.equal(out, `${lines.sort().join("\n")}\n`);
      } finally {
        await command.stop();
        await socat.stop();
      }
    });
  });
}

function nginxConfig(folder: string, port: number): string {
  const path = join(folder, "nginx.conf");
  writeFileSync(
    path,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; events { worker_connections 512; }
     http {
       access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
       server { listen 127.0.0.1:${port}; root ${folder}; }
     }`,
  );
  return path;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
