/**
 * The package as Deno gets it from JSR: published to a registry on this machine, and imported from there by an
 * application in an empty folder.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { runtime } from "../../ffi/runtime.ts";
import { PROJECT } from "../runner/process.ts";
import { findTools } from "../runner/tools.ts";
import {
  ANSWERS,
  Application,
  answerOf,
  configProgram,
  greetingOf,
  proxyProgram,
  type Started,
  serveProgram,
  start,
  THREADS_ANSWER,
  threadModule,
  threadsProgram,
  throughCommand,
  withUpstream,
} from "../support/application.ts";
import { manifest } from "../support/manifest.ts";
import { publishedPackage, type Registry } from "../support/registry.ts";

const PACKAGE = `jsr:${manifest.name}`;
const GUIDE = readFileSync(`${PROJECT}/docs/deployment.md`, "utf8");
const words = (text: string): string[] => text.split(" ");
const ONLY_DENO = runtime.name !== "deno" && "only Deno imports from JSR without an installation";

describe("from JSR", { skip: ONLY_DENO }, () => {
  let registry: Registry;
  let deno = "";
  before(async () => {
    ({ deno } = await findTools());
    registry = await publishedPackage();
  });
  after(() => registry.close());

  const startDeno = (application: Application, ...arguments_: string[]): Started => {
    return start([deno, ...arguments_], application.folder, registry.environment);
  };

  it("starts a proxy with a worker, with the permission for native code alone", async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      application.write("app.ts", proxyProgram(PACKAGE, port));
      const started = startDeno(application, "run", "--no-prompt", "--allow-ffi", "app.ts");
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
    });
  });

  it("starts one on the default driver, with the permission for the network alone", async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      application.write("app.ts", proxyProgram(PACKAGE, port));
      const started = startDeno(application, "run", "--no-prompt", "--allow-net=127.0.0.1", "app.ts");
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "default" });
    });
  });

  it("starts one without asking the registry, once the application and the workers' module are cached", async () => {
    await withUpstream(async (port) => {
      using application = new Application();
      application.write("app.ts", proxyProgram(PACKAGE, port));
      const [command = "", ...modules] = /^RUN deno (cache) (.*)$/m.exec(GUIDE)?.slice(1).flatMap(words) ?? [];
      assert.equal(command, "cache", "docs/deployment.md says how to cache");
      assert.doesNotMatch(await startDeno(application, command, ...modules).ended, /error/i);
      const started = startDeno(application, "run", "--no-prompt", "--cached-only", "--allow-ffi", "app.ts");
      assert.deepEqual(await greetingOf(started), { greeting: "hello", driver: "uring" });
    });
  });

  it("serves, with the permission for native code alone", async () => {
    using application = new Application();
    application.write("app.ts", serveProgram(PACKAGE));
    const started = startDeno(application, "run", "--no-prompt", "--allow-ffi", "app.ts");
    assert.deepEqual(await answerOf(started), { greeting: "hello", driver: "uring" });
  });

  it("runs a module on threads, with the permission to read it", async () => {
    using application = new Application();
    application.write("app.ts", threadsProgram(`${PACKAGE}/threads`));
    application.write("thread.ts", threadModule(PACKAGE));
    const started = startDeno(application, "run", "--no-prompt", "--allow-ffi", "--allow-read=thread.ts", "app.ts");
    assert.match(await started.ended, new RegExp(`${THREADS_ANSWER}$`));
  });

  it("runs the command, with a filter of one's own and the packages that filters need", async () => {
    using application = new Application();
    application.write("ringway.config.ts", configProgram(PACKAGE));
    const permissions = ["--allow-ffi", "--allow-read=.", "--allow-env=LOG_TOKENS,LOG_STREAM"];
    const command = [`${PACKAGE}/proxy`, "--config", "ringway.config.ts"];
    const started = startDeno(application, "run", "--no-prompt", ...permissions, ...command);
    assert.deepEqual(await throughCommand(started), ANSWERS);
  });

  it("has types for every module that applications may import", async () => {
    using application = new Application();
    const imports = Object.keys(manifest.exports).map((name, index) => {
      const specifier = `${PACKAGE}${name.slice(1)}`;
      return `import type * as m${index} from "${specifier}";\nexport type T${index} = typeof m${index};\n`;
    });
    const use = `import { parseTarget } from "${PACKAGE}";\nexport const wrong: number = parseTarget("[::1]:1");\n`;
    application.write("app.ts", imports.join(""));
    application.write("wrong.ts", use);
    assert.doesNotMatch(await startDeno(application, "check", "app.ts").ended, /error/i);
    assert.match(await startDeno(application, "check", "wrong.ts").ended, /TS2322.*not assignable to type 'number'/);
  });
});
