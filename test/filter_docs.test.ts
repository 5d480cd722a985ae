/**
 * The examples of docs/filters.md do what is said about them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkYaml } from "../lib/server/config_file/check_yaml.ts";
import { RunningCommand } from "./support/command.ts";
import { client, type Message, respond, ScriptedUpstream, statusOf } from "./support/http_peers.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENT = readFileSync(`${PROJECT}/docs/filters.md`, "utf8");
const folder = mkdtempSync(join(tmpdir(), "ringway-docs-"));

/** The blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block = ""]) => block);
}

after(() => rmSync(folder, { recursive: true }));

describe("the documentation of filters", () => {
  for (const [index, block] of blocks(DOCUMENT, "yaml").entries()) {
    if (!block.startsWith("- ")) continue;
    it(`has an example of a filter that is accepted: ${block.split("\n", 1)[0]} (${index})`, () => {
      const filters = block.replace(/^/gm, "      ");
      const listener = `listeners:\n  - listen: 127.0.0.1:0\n    cluster: web\n    filters:\n${filters}\n`;
      const text = `${listener}clusters:\n  - { name: web, endpoints: ["127.0.0.1:1"] }\n`;
      assert.equal(checkYaml("docs/filters.md", text).config.listeners.length, 1);
    });
  }

  it("names the keys that there are", () => {
    const reference = readFileSync(`${PROJECT}/docs/config.md`, "utf8");
    const rows = DOCUMENT.split("\n## ").flatMap((section) => (section.startsWith("`") ? section.split("\n") : []));
    const keys = rows.flatMap((row) => [
      ...(/^\| ((?:`\w+`(?:, )?)+) \| [A-Z0-9]/.exec(row)?.[1]?.matchAll(/\w+/g) ?? []),
    ]);
    assert.ok(keys.length > 30, String(keys.length));
    for (const [key] of keys) assert.ok(reference.includes(`| \`${key}\` |`), `${key} is not in docs/config.md`);
  });
});

describe("the filters of the documentation", () => {
  let upstream: ScriptedUpstream;
  let check: ScriptedUpstream;
  let command: RunningCommand;
  let port: number;

  before(async () => {
    const page = '<a href="http://internal.example/">internal.example</a> internal.exampl';
    upstream = await ScriptedUpstream.start((request, peer) => {
      if (!request.startLine.includes("/page")) peer.send(respond("ok"));
      else peer.send(respond(page, "content-type: text/html; charset=utf-8\r\n"));
    });
    check = await ScriptedUpstream.start((request, peer) => {
      const isKnown = request.fields.some(([name, value]) => name === "authorization" && value === "good");
      peer.send(isKnown ? respond("", "x-tenant: blue\r\n") : respond("", "", "401 Unauthorized"));
    });
    const code = blocks(DOCUMENT, "ts")
      .map((block) => block.replace(/^import .*\n/gm, "").replace(/^export default .*/ms, ""))
      .join("\n")
      .replaceAll("127.0.0.1:9000", `127.0.0.1:${check.port}`)
      // A busy machine may take longer than a user would wait.
      .replaceAll("timeout(1000)", "timeout(9000)");
    const imports = `import { type BodyTransform, defineConfig, type HttpFilter } from "${PROJECT}/mod.ts";\n`;
    const names = ["onlyJson", "askFirst", "rename", "checkOrder"];
    const filters = names.map((name) => `{ type: "custom", match: { prefix: "/${name}" }, filter: ${name} }`);
    // It looks at the path, and so has no condition of its own.
    filters.push('{ type: "custom", filter: { ...checkOrder, name: "orders" } }');
    writeFileSync(
      join(folder, "run.ts"),
      `${imports}${code}\nexport default defineConfig({ workers: 1, listeners: [{ listen: "127.0.0.1:0", ` +
        `cluster: "web", filters: [${filters.join(", ")}] }], ` +
        `clusters: [{ name: "web", endpoints: ["127.0.0.1:${upstream.port}"] }] });\n`,
    );
    command = new RunningCommand(["--config", join(folder, "run.ts")]);
    port = await command.port();
  });

  after(async () => {
    await command.stop();
    await upstream.close();
    await check.close();
  });

  async function send(method: string, path: string, fields = "", body = ""): Promise<Message> {
    const peer = await client(port);
    const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
    peer.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}${length}\r\n${body}`);
    const response = await peer.response(method);
    peer.destroy();
    return response;
  }

  it("refuse what is not JSON, and name who served", async () => {
    assert.equal(statusOf(await send("POST", "/onlyJson", "Content-Type: text/plain\r\n", "x")), 415);
    const json = await send("POST", "/onlyJson", "Content-Type: application/json\r\n", "{}");
    assert.equal(statusOf(json), 200);
    assert.ok(json.fields.some(([name, value]) => name === "x-served-by" && value === "ringway"));
  });

  it("ask first", async () => {
    assert.equal(statusOf(await send("GET", "/askFirst")), 403);
    assert.equal(statusOf(await send("GET", "/askFirst", "Authorization: good\r\nX-Tenant: eve\r\n")), 200);
    const tenants = upstream.requests.at(-1)?.fields.filter(([name]) => name === "x-tenant");
    assert.deepEqual(tenants, [["x-tenant", "blue"]]);
  });

  it("rename, also where pieces cut a name in two", async () => {
    const { body } = await send("GET", "/rename/page");
    assert.match(body, /<a href="http:\/\/www\.example\.com\/">.*www\.example\.com<\/a>.*internal\.exampl\r\n/s);
  });

  it("look at orders", async () => {
    assert.equal(statusOf(await send("POST", "/orders", "", "{}")), 422);
    assert.equal(statusOf(await send("POST", "/orders", "", '{"customer":1}')), 200);
    assert.equal(statusOf(await send("POST", "/orders", "", "x".repeat(70_000))), 413);
  });
});
