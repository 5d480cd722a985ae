/**
 * Applications that are bundled, or compiled into one file, and run where nothing of the package is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { check } from "../runner/steps.ts";
import {
  ANSWERS,
  Application,
  configProgram,
  greetingOf,
  proxyProgram,
  start,
  THREADS_ANSWER,
  threadModule,
  threadsProgram,
  throughCommand,
  withUpstream,
} from "../support/application.ts";
import { runtimeCommand } from "../support/command.ts";
import { manifest } from "../support/manifest.ts";
import { installPacked } from "../support/npm_package.ts";

const ONLY_BUN = runtime.name !== "bun" && "bundling is Bun's";
/** What docs/packaging.md tells to write. */
const OPTIONS = '{ workerUrl: new URL("./worker.ts", import.meta.url) }';
const WORKER = `import "${manifest.name}/worker";\n`;

describe("an application that is bundled by Bun", { skip: ONLY_BUN }, () => {
  const sources = new Application();
  before(() => installPacked(sources.folder));
  after(() => sources[Symbol.dispose]());

  const build = async (...arguments_: string[]): Promise<void> => {
    const [bun = ""] = runtimeCommand("", []);
    await check([bun, "build", ...arguments_], { cwd: sources.folder });
  };

  /** Programs must not find what they were made from. */
  const withoutSources = async (use: () => Promise<void>): Promise<void> => {
    const hidden = `${sources.folder}-hidden`;
    renameSync(sources.folder, hidden);
    try {
      await use();
    } finally {
      renameSync(hidden, sources.folder);
    }
  };

  for (const options of [[], ["--minify", "--bytecode", "--format=esm"]]) {
    const how = ["compiled together with the workers' module", ...options].join(" ");
    it(`runs as one file, ${how}`, async () => {
      await withUpstream(async (port) => {
        sources.write("src/app.ts", proxyProgram(manifest.name, port, OPTIONS));
        sources.write("src/worker.ts", WORKER);
        using elsewhere = new Application();
        const program = join(elsewhere.folder, "app");
        await build("--compile", ...options, "src/app.ts", "src/worker.ts", "--outfile", program);
        await withoutSources(async () => {
          const started = start([program], elsewhere.folder);
          assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
        });
      });
    });
  }

  it("runs as one file, compiled together with the module of its threads, and what they begin with", async () => {
    const options = 'threadUrl: new URL("./entry.ts", import.meta.url),';
    sources.write("src/app.ts", threadsProgram(`${manifest.name}/threads`, options));
    sources.write("src/thread.ts", threadModule(manifest.name));
    sources.write("src/entry.ts", `import "${manifest.name}/thread";\n`);
    using elsewhere = new Application();
    const modules = ["src/app.ts", "src/thread.ts", "src/entry.ts"];
    await build("--compile", ...modules, "--outfile", join(elsewhere.folder, "app"));
    await withoutSources(async () => {
      assert.equal(await start(["./app"], elsewhere.folder).ended, THREADS_ANSWER);
    });
  });

  it("runs as one file with a configuration beside it, whose filters the workers import", async () => {
    sources.write(
      "src/app.ts",
      `import { formatAddress, startProxy } from "${manifest.name}";
const proxy = await startProxy({ configFile: "ringway.config.ts" }, ${OPTIONS});
console.log("ringway is ready:", proxy.addresses.map(formatAddress).join(), "");
`,
    );
    sources.write("src/worker.ts", WORKER);
    using elsewhere = new Application();
    // Where the program runs there is no package to import from.
    elsewhere.write(
      "ringway.config.ts",
      configProgram(manifest.name).replace(/^import .*$/m, "const defineConfig = (config: object): object => config;"),
    );
    await build("--compile", "src/app.ts", "src/worker.ts", "--outfile", join(elsewhere.folder, "app"));
    await withoutSources(async () => {
      assert.deepEqual(await throughCommand(start(["./app"], elsewhere.folder)), ANSWERS);
    });
  });

  it("runs as bundles, of the application and of the workers' module", async () => {
    await withUpstream(async (port) => {
      sources.write("src/app.ts", proxyProgram(manifest.name, port, OPTIONS.replace("worker.ts", "worker.js")));
      sources.write("src/worker.ts", WORKER);
      using elsewhere = new Application();
      await build("--target=bun", "src/app.ts", "src/worker.ts", "--outdir", elsewhere.folder);
      const started = start(runtimeCommand("app.js", []), elsewhere.folder);
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
    });
  });

  it("says what to do when the workers' module was forgotten", async () => {
    sources.write("src/app.ts", proxyProgram(manifest.name, 1));
    using elsewhere = new Application();
    mkdirSync(join(elsewhere.folder, "dist"));
    await build("--target=bun", "src/app.ts", "--outdir", join(elsewhere.folder, "dist"));
    const output = await start(runtimeCommand("dist/app.js", []), elsewhere.folder).ended;
    assert.match(output, /This program is bundled.*`import "@ringway\/proxy\/worker";`.*name it in workerUrl/);
    sources.write("src/app.ts", threadsProgram(`${manifest.name}/threads`));
    await build("--target=bun", "src/app.ts", "--outdir", join(elsewhere.folder, "dist"));
    const ofThreads = await start(runtimeCommand("dist/app.js", []), elsewhere.folder).ended;
    assert.match(ofThreads, /This program is bundled.*`import "@ringway\/proxy\/thread";`.*name it in threadUrl/);
  });
});
