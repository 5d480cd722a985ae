/**
 * The package as it lies in a `node_modules` folder: in JavaScript, as JSR makes it for npm (`bunx jsr add`), and in
 * TypeScript, as `npm pack` makes it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { findTools } from "../runner/tools.ts";
import {
  ANSWERS,
  Application,
  answerOf,
  configProgram,
  greetingOf,
  proxyProgram,
  serveProgram,
  start,
  THREADS_ANSWER,
  threadModule,
  threadsProgram,
  throughCommand,
  withUpstream,
} from "../support/application.ts";
import { runtimeCommand } from "../support/command.ts";
import { manifest } from "../support/manifest.ts";
import { installFromJsr, installPacked } from "../support/npm_package.ts";
import { missing } from "../support/programs.ts";
import { publishedPackage } from "../support/registry.ts";

/** For Bun, which has no permissions, and for Deno: modules in the folder are read by workers too. */
const PERMISSIONS = ["--no-prompt", "--allow-ffi", "--allow-read"];
const ONLY_BUN = runtime.name !== "bun" && "only Bun runs TypeScript in node_modules";

describe("from npm, as JSR packs it", () => {
  const application = new Application();
  before(async () => {
    const registry = await publishedPackage();
    await installFromJsr(registry.folder, application.folder);
    await registry.close();
    application.write("package.json", `{ "type": "module", "dependencies": { "${manifest.name}": "*" } }`);
  });
  after(() => application[Symbol.dispose]());

  it("starts a proxy with a worker", async () => {
    await withUpstream(async (port) => {
      application.write("app.ts", proxyProgram(manifest.name, port));
      const started = start(runtimeCommand("app.ts", [], PERMISSIONS), application.folder);
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
    });
  });

  it("serves", async () => {
    application.write("app.ts", serveProgram(manifest.name));
    const started = start(runtimeCommand("app.ts", [], PERMISSIONS), application.folder);
    assert.deepEqual(await answerOf(started), { greeting: "hello", driver: "uring" });
  });

  it("runs a module on threads", async () => {
    application.write("app.ts", threadsProgram(`${manifest.name}/threads`));
    application.write("thread.ts", threadModule(manifest.name));
    const started = start(runtimeCommand("app.ts", [], PERMISSIONS), application.folder);
    assert.equal(await started.ended, THREADS_ANSWER);
  });

  it("runs the command, with a filter of one's own and the packages that filters need", async () => {
    application.write("ringway.config.ts", configProgram(manifest.name));
    application.write("command.ts", `import "${manifest.name}/proxy";\n`);
    const permissions = [...PERMISSIONS, "--allow-env=LOG_TOKENS,LOG_STREAM"];
    const command = runtimeCommand("command.ts", ["--config", "ringway.config.ts"], permissions);
    assert.deepEqual(await throughCommand(start(command, application.folder)), ANSWERS);
  });

  it("has types for every module that applications may import", async () => {
    const imports = Object.keys(manifest.exports).map((name, index) => {
      const specifier = `${manifest.name}${name.slice(1)}`;
      return `import type * as m${index} from "${specifier}";\nexport type T${index} = typeof m${index};\n`;
    });
    const wrong = "export const wrong: number = parseTarget(':1');";
    const use = `import { parseTarget } from "${manifest.name}";\n${wrong}\n`;
    application.write("types.ts", imports.join(""));
    application.write("wrong.ts", use);
    const compilerOptions = { module: "NodeNext", strict: true, noEmit: true, skipLibCheck: true, types: [] };
    for (const [file, expected] of [
      ["types", /^$/] as const,
      ["wrong", /TS2322.*not assignable to type 'number'/] as const,
    ]) {
      application.write("tsconfig.json", JSON.stringify({ compilerOptions, files: [`${file}.ts`] }));
      const { tsc } = await findTools();
      assert.match(await start([...tsc, "--project", "."], application.folder).ended, expected);
    }
  });

  it("can be imported in Node, where starting a proxy says what it needs", { skip: missing("node") }, async () => {
    application.write("node.mjs", proxyProgram(manifest.name, 1));
    const output = await start(["node", "node.mjs"], application.folder).ended;
    assert.match(output, /ringway needs Bun 1\.4 or newer, or Deno 2\.8 or newer: this is neither/);
    application.write(
      "config.mjs",
      `import { defineConfig } from "${manifest.name}";\nconsole.log(typeof defineConfig);\n`,
    );
    assert.equal(await start(["node", "config.mjs"], application.folder).ended, "function\n");
  });
});

describe("from npm, as npm pack packs it", { skip: ONLY_BUN }, () => {
  it("starts a proxy with a worker", async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      await installPacked(application.folder);
      application.write("app.ts", proxyProgram(manifest.name, port));
      const started = start(runtimeCommand("app.ts", []), application.folder);
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
    });
  });
});
