/**
 * nginx behind the proxy: files, parts of them, compression, conditions, and connections that are used again.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RunningCommand } from "../support/command.ts";
import { FRONTS } from "../support/front.ts";
import { NginxFiles } from "../support/nginx_files.ts";
import { missing, run } from "../support/programs.ts";

const LARGE = Uint8Array.from({ length: 10_000_000 }, (_, at) => (at * 131 + (at >> 9)) & 255);
const STYLE = "p { color: green }\n".repeat(500);
const FILES = { "index.html": "<p>index</p>\n", "style.css": STYLE, "digits.html": "0123456789", large: LARGE };

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("nginx behind the proxy", { skip: missing("nginx", "curl") }, () => {
  let nginx: NginxFiles;
  before(async () => {
    nginx = await NginxFiles.start(FILES);
  });
  after(async () => {
    await nginx.close();
  });

  for (const front of FRONTS) {
    describe(`started ${front.name}`, () => {
      let command: RunningCommand;
      let url = "";
      before(async () => {
        command = front.start(nginx.port);
        url = `http://127.0.0.1:${await command.port()}`;
      });
      after(async () => {
        await command.stop();
        assert.equal(command.error, "");
      });

      async function curl(...arguments_: string[]): Promise<string> {
        const { code, out, error } = await run("curl", ["-sS", ...arguments_]);
        assert.equal(code, 0, error);
        return out;
      }

      it("serves files, and a redirect that leads back through the proxy", async () => {
        assert.equal(await curl(`${url}/`), "<p>index</p>\n");
        assert.equal(
          await curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", `${url}/folder`),
          `301 ${url}/folder/`,
        );
        assert.equal(await curl("-o", "/dev/null", "-w", "%{http_code}", `${url}/none`), "404");
      });

      it("serves parts of a file", async () => {
        const one = await fetch(`${url}/digits.html`, { headers: { range: "bytes=2-4" } });
        assert.equal(one.status, 206);
        assert.equal(one.headers.get("content-range"), "bytes 2-4/10");
        assert.equal(await one.text(), "234");
        const two = await fetch(`${url}/digits.html`, { headers: { range: "bytes=0-0,-2" } });
        assert.equal(two.status, 206);
        assert.match(two.headers.get("content-type") ?? "", /^multipart\/byteranges/);
        assert.match(await two.text(), /bytes 0-0\/10\r\n\r\n0\r\n(.|\r\n)*bytes 8-9\/10\r\n\r\n89\r\n/);
        const beyond = await fetch(`${url}/digits.html`, { headers: { range: "bytes=100-" } });
        assert.equal(beyond.status, 416);
        await beyond.text();
      });

      it("compresses in chunks, for clients that take it", async () => {
        const head = await curl("-D", "-", "-o", "/dev/null", "--compressed", `${url}/style.css`);
        assert.match(head, /content-encoding: gzip/i);
        assert.match(head, /transfer-encoding: chunked/i);
        assert.equal(await curl("--compressed", `${url}/style.css`), STYLE);
        assert.equal(await curl(`${url}/style.css`), STYLE);
      });

      it("answers with 304 to a file that has not changed, by its tag and by its date", async () => {
        const response = await fetch(`${url}/digits.html`);
        await response.text();
        const conditions: Record<string, string> = {
          "if-none-match": response.headers.get("etag") ?? "",
          "if-modified-since": response.headers.get("last-modified") ?? "",
        };
        for (const [name, value] of Object.entries(conditions)) {
          assert.notEqual(value, "", name);
          assert.equal((await fetch(`${url}/digits.html`, { headers: { [name]: value } })).status, 304, name);
        }
        const changed = await fetch(`${url}/digits.html`, { headers: { "if-match": '"other"' } });
        assert.equal(changed.status, 412);
        await changed.text();
      });

      it("sends a large file whole, and the rest of one that was cut off", async () => {
        const path = join(nginx.folder, "downloaded");
        await curl("-o", path, `${url}/large`);
        assert.equal(sha256(readFileSync(path)), sha256(LARGE));
        writeFileSync(path, LARGE.subarray(0, 3_333_333));
        const code = await curl("-C", "-", "-o", path, "-w", "%{http_code}", `${url}/large`);
        assert.equal(code, "206");
        assert.equal(sha256(readFileSync(path)), sha256(LARGE));
      });

      it("gets requests of several clients on one connection, as HTTP/1.1", async () => {
        const seen: string[] = [];
        for (const version of ["--http1.1", "--http1.1", "--http1.0"])
          seen.push(await curl(version, `${url}/connection`));
        const [connections, requests] = [0, 1].map((at) => seen.map((line) => Number(line.split(" ")[at])));
        assert.equal(new Set(connections).size, 1, seen.join(""));
        const [first = 0] = requests ?? [];
        assert.deepEqual(requests, [first, first + 1, first + 2]);
        assert.ok(seen.every((line) => line.endsWith(" HTTP/1.1\n")));
      });
    });
  }
});
