/**
 * What importing the package loads: its own modules and small ones of the runtime's, and what takes longer than all of
 * them only once it is used.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PROJECT } from "../runner/process.ts";
import { check } from "../runner/steps.ts";
import { findTools } from "../runner/tools.ts";
import { manifest } from "../support/manifest.ts";

/** What `deno info --json` says of a module. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly code?: { readonly specifier: string };
    readonly isDynamic?: boolean;
  }[];
}

/** All that is loaded with a module of the project, by imports that are not for types alone. */
async function loadedWith(module: string): Promise<string[]> {
  const { deno } = await findTools();
  const output = await check([deno, "info", "--json", "--frozen", module], { cwd: PROJECT });
  const { roots, modules } = JSON.parse(output.slice(output.indexOf("{"))) as {
    readonly roots: readonly string[];
    readonly modules: readonly ModuleInfo[];
  };
  const bySpecifier = new Map(modules.map((info) => [info.specifier, info]));
  const loaded = new Set(roots);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) loaded.add(code.specifier);
    }
  }
  return [...loaded];
}

describe("importing the package", () => {
  it("loads no other package, and neither node:net nor node:http", async () => {
    for (const [name, path] of Object.entries(manifest.exports)) {
      if (name === "./proxy") continue;
      const loaded = await loadedWith(path);
      const others = loaded.filter((specifier) => !specifier.startsWith("file:") && !specifier.startsWith("node:"));
      assert.deepEqual(others, [], name);
      const builtIn = loaded.filter((specifier) => specifier.startsWith("node:"));
      assert.ok(!builtIn.includes("node:net") && !builtIn.includes("node:http"), `${name}: ${builtIn}`);
      assert.ok(loaded.length > 10, name);
    }
  });
});
