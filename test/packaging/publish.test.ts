/**
 * What is published: everything that the package's modules need, no test, and nothing that a registry objects to.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { PROJECT, run } from "../runner/process.ts";
import { findTools } from "../runner/tools.ts";
import { Application } from "../support/application.ts";
import { manifest } from "../support/manifest.ts";
import { installedIn, installPacked } from "../support/npm_package.ts";
import { publishedPackage, type Registry } from "../support/registry.ts";

const ONLY_DENO = runtime.name !== "deno" && "publishing is Deno's";

describe("publishing", { skip: ONLY_DENO }, () => {
  it("finds no slow type, and nothing else to object to", async () => {
    const { deno } = await findTools();
    const { ok, output } = await run([deno, "publish", "--dry-run", "--allow-dirty"]);
    assert.ok(ok, output);
    // Applications' own modules can't be known beforehand.
    const warnings = [...output.matchAll(/^warning\[([\w-]+)\][\s\S]*?--> (\S+?):\d+/gm)];
    assert.deepEqual(
      warnings.map(([, code, file]) => [code, file?.slice(PROJECT.length + 1)]),
      [["unanalyzable-dynamic-import", "ffi/import_module.ts"]],
    );
    assert.match(output, /^Success Dry run complete/m);
  });
});

describe("what is published", { skip: ONLY_DENO }, () => {
  let registry: Registry;
  before(async () => {
    registry = await publishedPackage();
  });
  after(() => registry.close());

  it("has all modules that applications may import, what they need to read, and no test", () => {
    const { files } = registry;
    const wanted = [...Object.values(manifest.exports).map((path) => path.slice(2)), "README.md", "LICENSE"];
    for (const file of wanted) assert.ok(files.includes(file), file);
    const others = files.filter((file) => !/^(?:mod|proxy)\.ts$|^(?:lib|ffi|docs)\/|^[\w.]+$/.test(file));
    assert.deepEqual(others, []);
    const tests = files.filter((file) => /\.test\.|(?:^|\/)test_|conformance\//.test(file));
    assert.deepEqual(tests, []);
  });

  it("is in npm's archive too, but for what only Deno reads", async () => {
    using application = new Application();
    await installPacked(application.folder);
    const entries = readdirSync(installedIn(application.folder), { recursive: true, withFileTypes: true });
    const packed = entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
    const names = packed.map((path) => path.slice(installedIn(application.folder).length + 1));
    assert.deepEqual(
      names.filter((name) => name !== "package.json").sort(),
      registry.files.filter((name) => name !== "deno.json"),
    );
  });
});
