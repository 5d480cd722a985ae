/**
 * The clients that users have, through the proxy: curl, wrk, fortio, `fetch` of each runtime and of Node, and `ws`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { TOOLS } from "../runner/process.ts";
import { type RunningCommand, runtimeCommand } from "../support/command.ts";
import { DRIVERS } from "../support/front.ts";
import { LARGE_BYTES } from "../support/hono_app.ts";
import { startHono } from "../support/hono_servers.ts";
import { startProxy } from "../support/http_scene.ts";
import { nodeProgram } from "../support/node_program.ts";
import { missing, type Output, run, type ServerProgram } from "../support/programs.ts";

const CLIENT = fileURLToPath(new URL("../support/http_client.ts", import.meta.url));
const FORTIO = `${TOOLS}/${readdirSync(TOOLS).find((name) => name.startsWith("fortio-"))}/fortio`;
const NO_FORTIO = !existsSync(FORTIO) && "not installed: fortio; the benchmark builds it, where Go is there";

/** What `http_client.ts` prints. */
const EXPECTED = {
  fetched: [LARGE_BYTES, 13, 12_000, 6, 13, LARGE_BYTES, 0, 0, 1, 100_000, 1_000_000],
  reused: [false, true, true],
  talked: [
    "welcome 7",
    "you said a 10",
    "you said bbbbbbbbbbb 70009",
    "you said c 10",
    "pong are you there? 19",
    "4002",
  ],
};

function assertExpected({ code, out, error }: Output): void {
  assert.equal(code, 0, error);
  assert.deepEqual(JSON.parse(out), EXPECTED);
}

describe("clients through the proxy", () => {
  let app: ServerProgram;
  before(async () => {
    app = await startHono();
  });
  after(async () => {
    await app.kill();
  });

  for (const driver of DRIVERS) {
    describe(`on the ${driver} driver`, () => {
      let command: RunningCommand;
      let url = "";
      before(async () => {
        command = startProxy(driver, [app.port]);
        url = `http://127.0.0.1:${await command.port()}`;
      });
      after(async () => {
        await command.stop();
        assert.equal(command.error, "");
      });

      it("are fetch, node:http and ws in this runtime", async () => {
        const [program = "", ...rest] = runtimeCommand(CLIENT, [url]);
        assertExpected(await run(program, rest));
      });

      it("are fetch, node:http and ws in Node", { skip: missing("node") }, async () => {
        const program = await nodeProgram("http_client.ts");
        try {
          assertExpected(await run("node", [program.path, url]));
        } finally {
          program.remove();
        }
      });

      const curl = async (...arguments_: string[]): Promise<string> => {
        const { code, out, error } = await run("curl", ["-sS", ...arguments_]);
        assert.equal(code, 0, error);
        return out;
      };

      it("are curl with each version of HTTP", { skip: missing("curl") }, async () => {
        const print = ["-w", " %{http_version} %{http_code} %{num_connects}\n"];
        const target = `${url}/new?from=curl`;
        assert.equal(await curl("--http1.1", ...print, target), "new, from curl 1.1 200 1\n");
        // The answer to HTTP/1.0 is HTTP/1.1, and the connection ends.
        assert.equal(await curl("--http1.0", ...print, target), "new, from curl 1.1 200 1\n");
        // The upgrade to h2c is ignored, also in front of a body, and the connection is used again.
        const twice = await curl("--http2", ...print, target, target);
        assert.equal(twice, "new, from curl 1.1 200 1\nnew, from curl 1.1 200 0\n");
        const posted = await curl("--http2", "-X", "PUT", "-d", "12345", `${url}/raw`);
        assert.equal(JSON.parse(posted).size, 5);
      });

      it("are curl that expects HTTP/2 at once, which gets an error and no tunnel", {
        skip: missing("curl"),
      }, async () => {
        const { code, out } = await run("curl", ["-sS", "--http2-prior-knowledge", `${url}/`]);
        assert.notEqual(code, 0);
        assert.equal(out, "");
      });

      it("are curl that waits for 100 (Continue)", { skip: missing("curl") }, async () => {
        const body = "x".repeat(2_000_000);
        const put = ["-X", "PUT", "--data-binary", "@-", "-H", "Expect: 100-continue", `${url}/raw`];
        const { out, error } = await run("curl", ["-sS", "-v", ...put], body);
        assert.equal(JSON.parse(out).size, body.length);
        assert.match(error, /HTTP\/1\.1 100 Continue/);
      });

      it("are wrk for a second, without an error", { skip: missing("wrk") }, async () => {
        const { out, code } = await run("wrk", ["-t1", "-c16", "-d1s", `${url}/tagged`]);
        assert.equal(code, 0);
        const [, requests = "0"] = /(\d+) requests in/.exec(out) ?? [];
        assert.ok(Number(requests) > 0, out);
        assert.doesNotMatch(out, /Socket errors|Non-2xx/);
      });

      it("are fortio for a second, without an error", { skip: NO_FORTIO }, async () => {
        const load = ["load", "-quiet", "-json", "-", "-c", "4", "-qps", "0", "-t", "1s", `${url}/tagged`];
        const { out, code, error } = await run(FORTIO, load);
        assert.equal(code, 0, error);
        const { RetCodes: codes } = JSON.parse(out);
        assert.deepEqual(Object.keys(codes), ["200"]);
        assert.ok(codes["200"] > 0);
      });
    });
  }
});
