/**
 * The repository keeps its own rules. Each rule is also tried on an example that breaks it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as rules from "./support/conventions.ts";
import { sourceParts } from "./support/source_text.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** All files that git has, but pictures and the like. */
function trackedFiles(): rules.SourceFile[] {
  const listed = spawnSync("git", ["-c", "safe.directory=*", "ls-files", "-z"], { cwd: PROJECT, encoding: "utf8" });
  assert.equal(listed.status, 0, `git ls-files: ${listed.stderr}`);
  const files: rules.SourceFile[] = [];
  for (const path of listed.stdout.split("\0")) {
    if (path === "") continue;
    const text = readIfPresent(path);
    if (text !== null && !text.includes("\0")) files.push({ path, text });
  }
  return files;
}

/** A file that was deleted may be in git's list until the next commit. */
function readIfPresent(path: string): string | null {
  try {
    return readFileSync(join(PROJECT, path), "utf8");
  } catch {
    return null;
  }
}

const files = trackedFiles();

function expectNone(findings: readonly string[]): void {
  assert.equal(findings.length, 0, `\n${findings.join("\n")}\n`);
}

/** A rule that looks at one file, with examples that it must and must not find. */
interface FileRule {
  readonly name: string;
  readonly rule: (file: rules.SourceFile) => string[];
  /** Path, text, and the lines with findings. */
  readonly examples: readonly (readonly [path: string, text: string, ...lines: number[]])[];
}

const COMMENT = "/**\n * What it is.\n *\n * @module\n */\n";
const LATER = "TO".concat("DO");
const MACHINE = "/wo".concat("rk/main");
const HOME = "/ho".concat("me/somebody/x");
const ANY = "an".concat("y");

const FILE_RULES: readonly FileRule[] = [
  {
    name: "imports point downwards",
    rule: rules.upwardImports,
    examples: [
      ["lib/ring/a.ts", 'import { b } from "../net/b.ts";', 1],
      ["lib/net/a.ts", 'import type { b } from "../proxy/b.ts";', 1],
      ["lib/http/a.ts", '\nimport { b } from "../net/b.ts";', 2],
      ["lib/proxy/a.ts", 'export * from "../server/b.ts";', 1],
      ["lib/server/a.ts", 'await import("../../proxy.ts");', 1],
      ["lib/server/a.ts", 'import "../../test/support/b.ts";', 1],
      ["ffi/a.ts", 'new URL("../lib/ring/b.ts", import.meta.url);', 1],
      ["elsewhere/a.ts", "", 1],
      ["lib/net/uring/a.ts", 'import { b } from "../b.ts";\nimport { c } from "../../ring/c.ts";\nimport "node:fs";'],
      ["proxy.ts", 'import "./lib/server/main.ts";'],
    ],
  },
  {
    name: "no runtime is named outside ffi/",
    rule: rules.runtimeNames,
    examples: [
      ["lib/net/a.ts", "Deno.exit(1);", 1],
      ["lib/net/a.test.ts", "if (typeof Bun !== undefined) {}", 1],
      ["lib/net/a.ts", ["`$", "{Deno.version}`"].join(""), 1],
      ["proxy.ts", 'import { dlopen } from "bun:ffi";', 1],
      ["lib/net/a.ts", '// Bun does that.\nconst name = "Deno"; `Bun`; /Deno/;'],
      ["ffi/bun.ts", "Bun.version"],
    ],
  },
  {
    name: "nothing is left for later",
    rule: rules.leftovers,
    examples: [
      ["lib/net/a.ts", `\n// ${LATER}: more`, 2],
      ["README.md", "FIX".concat("ME"), 1],
      ["zig/a.zig", "// XX".concat("X"), 1],
      ["lib/net/a.ts", `const ${LATER}S = 1;`],
    ],
  },
  {
    name: "the library does not print",
    rule: rules.consoleUses,
    examples: [
      ["lib/net/a.ts", "console.log(1);", 1],
      ["ffi/a.ts", "console\n  .error(1);", 1],
      ["lib/net/a.ts", "// console.log(1)\nthis.#console.open();\n"],
      ["proxy.ts", "console.log(1);"],
      ["lib/net/a.test.ts", "console.log(1);"],
    ],
  },
  {
    name: "lines have 120 columns at most",
    rule: rules.longLines,
    examples: [
      ["lib/net/a.ts", `\n${"x".repeat(121)}\n`, 2],
      ["zig/a.zig", "x".repeat(121), 1],
      ["lib/net/a.ts", "x".repeat(120)],
      ["ffi/abi.ts", "x".repeat(121)],
    ],
  },
  {
    name: "every file has a module comment",
    rule: rules.missingModuleComment,
    examples: [
      ["lib/net/a.ts", "const a = 1;\n", 1],
      ["lib/net/a.ts", "/** Not of the module. */\nconst a = 1;\n/** @module */\n", 1],
      ["zig/a.zig", "const a = 1;\n", 1],
      ["test/a.test.ts", "const a = 1;\n", 1],
      ["lib/net/a.ts", `${COMMENT}const a = 1;\n`],
      ["proxy.ts", `#!/usr/bin/env bun\n${COMMENT}`],
      ["test/a.test.ts", "/** What is tested. */\nconst a = 1;\n"],
      ["lib/net/a.test.ts", "const a = 1;\n"],
      ["zig/a.zig", "//! What it is.\n"],
    ],
  },
  {
    name: "no type is left open",
    rule: rules.anyTypes,
    examples: [
      ["lib/net/a.ts", `let a: ${ANY};`, 1],
      ["lib/net/a.ts", `\nf(a as ${ANY}, b);`, 2],
      ["lib/net/a.ts", `let a: Map<string, ${ANY}[]>;`, 1],
      ["lib/net/a.ts", "Promise.any([a]); // any order\nconst company = 'any';"],
    ],
  },
  {
    name: "no file names a place on one machine",
    rule: rules.machinePaths,
    examples: [
      ["docs/a.md", `see ${MACHINE}/x`, 1],
      ["lib/net/a.ts", `"${HOME}"`, 1],
      ["build.zig", `cd ${"/ro".concat("ot")}`, 1],
      ["docs/a.md", "a/work/b, /workers, ./root, https://example.org/work, /rooted"],
    ],
  },
  {
    name: "low layers import no package",
    rule: rules.packagesInLowLayers,
    examples: [
      ["lib/net/a.ts", 'import { b } from "commander";', 1],
      ["ffi/a.ts", 'import { b } from "jsr:@std/assert";', 1],
      ["lib/ring/a.test.ts", 'import fc from "fast-check";'],
      ["lib/ring/a.ts", 'f("what it came from", g, "x");'],
      ["lib/http/a.ts", 'import "node:fs";\nimport "./b.ts";'],
      ["lib/server/a.ts", 'import { b } from "commander";'],
    ],
  },
];

for (const { name, rule, examples } of FILE_RULES) {
  describe(name, () => {
    it("in all files", () => {
      expectNone(files.flatMap(rule));
    });

    it("and what breaks the rule is found, in its line", () => {
      for (const [path, text, ...lines] of examples) {
        const found = rule({ path, text }).map((finding) => Number(finding.split(":")[1]));
        assert.deepEqual(found, lines, `${path}: ${text}`);
      }
    });
  });
}

describe("every module of the library is imported by another file", () => {
  it("in the repository", () => {
    expectNone(rules.deadFiles(files));
  });

  it("and one that is not is found", () => {
    const used = { path: "lib/net/used.ts", text: "" };
    const worker = { path: "ffi/worker.ts", text: "" };
    const dead = { path: "lib/net/dead.ts", text: 'import "./used.ts";' };
    const test = { path: "lib/net/dead.test.ts", text: 'new URL("../../ffi/worker.ts", import.meta.url);' };
    assert.deepEqual(rules.deadFiles([used, worker, dead, test]), ["lib/net/dead.ts:1: nothing imports it"]);
  });
});

describe("the embedded library's hash covers what it is built from", () => {
  it("in the repository", () => {
    expectNone(rules.embeddedSources(files));
  });

  it("and what it lacks or has in vain is found", () => {
    const findings = rules.embeddedSources([
      { path: "zig/exports.zig", text: 'const a = @import("a.zig");\nconst std = @import("std");' },
      { path: "zig/a.zig", text: '_ = @import("b.zig");' },
      { path: "zig/b.zig", text: '_ = @import("a.zig");' },
      { path: "zig/embed.zig", text: 'const sources = .{\n "a.zig", "exports.zig", "c.zig",\n};' },
    ]);
    assert.deepEqual(findings, [
      'zig/embed.zig:1: "sources" lacks exports.map',
      'zig/embed.zig:1: "sources" lacks b.zig',
      'zig/embed.zig:1: "sources" has c.zig in vain',
    ]);
  });
});

describe("package.json and deno.json describe the same package", () => {
  it("in the repository", () => {
    expectNone(rules.differentManifests(files));
  });

  it("and a difference is found", () => {
    const manifest = { name: "@a/b", version: "1.0.0", license: "MIT", exports: { ".": "./mod.ts" } };
    const npm = {
      ...manifest,
      dependencies: { c: "^1.0.0", d: "2.0.0" },
      devDependencies: { "@types/node": "1", e: "3" },
    };
    const deno = { ...manifest, imports: { c: "npm:c@^1.0.0", d: "npm:d@2.0.0", e: "npm:e@3" } };
    const compare = (one: object, other: object): number =>
      rules.differentManifests([
        { path: "package.json", text: JSON.stringify(one) },
        { path: "deno.json", text: JSON.stringify(other) },
      ]).length;
    assert.equal(compare(npm, deno), 0);
    assert.equal(compare(npm, { ...deno, name: "@a/c" }), 1);
    assert.equal(compare(npm, { ...deno, version: "1.0.1", license: "ISC" }), 2);
    assert.equal(compare(npm, { ...deno, exports: { ".": "./other.ts" } }), 1);
    assert.equal(compare(npm, { ...deno, imports: { ...deno.imports, d: "npm:d@2.0.1" } }), 1);
    assert.equal(compare(npm, { ...deno, imports: { ...deno.imports, f: "npm:f@1" } }), 1);
    assert.equal(compare({ ...npm, dependencies: { ...npm.dependencies, g: "1" } }, deno), 1);
    assert.equal(compare({ ...npm, version: undefined }, { ...deno, version: undefined }), 1);
  });
});

describe("taking a source text apart", () => {
  const code = (text: string): string => sourceParts(text).code.replace(/\s+/g, " ").trim();

  it("leaves no comment and no string", () => {
    assert.equal(code('a; // x\n/* x\n x */ b("x\\"x", \'x\', `x\\`x`);'), "a; b( , , );");
    assert.equal(sourceParts("/* x */ f(\"kept\", 'x')").codeAndNames.trim(), 'f("kept",    )');
  });

  it("leaves the code in templates", () => {
    assert.equal(
      code("`x @{a + `x @{b} x`} x @{{ c: { d } }.e} x` + f".replaceAll("@", "$")),
      "a + b { c: { d } }.e + f",
    );
  });

  it("tells regular expressions from divisions", () => {
    assert.equal(code('a = b / c / d; e = /x"[/"]x/g.test(f); g(/x/);'), "a = b / c / d; e = .test(f); g( );");
    assert.equal(code("return /x'x/;"), "return ;");
  });

  it("keeps every line where it is", () => {
    const text = "a\n/*\n\n*/\n`\n@{b}\n`\nc".replace("@", "$");
    assert.equal(sourceParts(text).code.split("\n").length, text.split("\n").length);
    assert.equal(sourceParts(text).code.split("\n")[7], "c");
  });
});
