/** docs/config.md and docs/ringway.schema.json are what the schema of configuration files says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { configDocs } from "./support/config_docs.ts";

describe("generated documentation of configuration files", () => {
  for (const [path, text] of Object.entries(configDocs())) {
    it(`${path} is up to date`, () => {
      const committed = readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
      assert.equal(committed, text, `${path} is stale: npx -y bun test/support/write_config_docs.ts`);
    });
  }

  it("has a meaning for every key", () => {
    const rows = (configDocs()["docs/config.md"] ?? "").split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 40, String(rows.length));
    for (const row of rows) assert.match(row, /\| [A-Z][^|]+\. \|$/, row);
  });
});
