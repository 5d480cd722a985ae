/**
 * The examples of docs/web.md and of lib/web print what they say, and the document has all names.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeCommand } from "./support/command.ts";
import { run } from "./support/programs.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "ringway-web-docs-"));

function read(path: string): string {
  return readFileSync(`${PROJECT}/${path}`, "utf8");
}

/** The blocks of TypeScript. */
function blocks(text: string): string[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

const EXAMPLES: readonly string[] = [
  ...blocks(read("docs/web.md")),
  ...["serve", "http_client"].flatMap((name) => blocks(read(`lib/web/${name}.ts`).replaceAll(/^ ?\* ?/gm, ""))),
].filter((block) => block.includes("import "));

const files = EXAMPLES.map((example, index) => {
  const path = join(folder, `example${index}.ts`);
  writeFileSync(path, example.replaceAll('"@ringway/proxy/web"', JSON.stringify(`${PROJECT}/lib/web/mod.ts`)));
  return path;
});

after(() => rmSync(folder, { recursive: true }));

describe("the documentation of lib/web", () => {
  for (const [index, example] of EXAMPLES.entries()) {
    it(`has an example that prints what it says, and ends (${index})`, async () => {
      const [program = "", ...rest] = runtimeCommand(files[index] ?? "", []);
      const { code, out, error } = await run(program, rest);
      assert.equal(code, 0, error);
      const said = [...example.matchAll(/console\.log\(.*\);? \/\/ (.*)$/gm)].map(([, text]) => text);
      if (said.length > 0)
        assert.deepEqual(
          out.trimEnd().split("\n"),
          said.map((text) => text?.trimEnd()),
        );
      else assert.notEqual(out, "");
    });
  }

  it("names all codes and options", () => {
    const document = read("docs/web.md");
    for (const [path, pattern] of [
      ["lib/web/errors.ts", /"(ERR_\w+)"/g],
      ["lib/web/serve_options.ts", /^ {2}readonly (\w+)\?:/gm],
      ["lib/web/client_options.ts", /^ {2}readonly (\w+)\?:/gm],
    ] as const) {
      const names = [...read(path).matchAll(pattern)].map(([, name = ""]) => name);
      assert.ok(names.length > 3, path);
      for (const name of names) assert.ok(document.includes(`\`${name}\``), `docs/web.md lacks ${name} of ${path}`);
    }
  });
});
