import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { RingwayError } from "./errors.ts";
import { threadModuleUrl } from "./thread_module.ts";

const WORKER = { path: "lib/server/worker", specifier: "@ringway/proxy/worker", option: "workerUrl" };

describe("the module that a thread begins with", () => {
  it("is in the same package, in the same language", () => {
    const url = (here: string) => threadModuleUrl(WORKER, here).href;
    assert.equal(
      url("https://jsr.io/@a/b/1.0.0/ffi/thread_module.ts"),
      "https://jsr.io/@a/b/1.0.0/lib/server/worker.ts",
    );
    assert.equal(
      url("file:///app/node_modules/p/ffi/thread_module.js"),
      "file:///app/node_modules/p/lib/server/worker.js",
    );
  });

  it("is there", () => {
    assert.ok(existsSync(threadModuleUrl(WORKER)));
  });

  it("is not to be found in a bundle, which is said with what to do", () => {
    for (const here of ["file:///$bunfs/root/app", "file:///app/dist/app.js"]) {
      assert.throws(
        () => threadModuleUrl(WORKER, here),
        (error) =>
          error instanceof RingwayError &&
          error.code === "ERR_BUNDLED" &&
          /`import "@ringway\/proxy\/worker";`.*in workerUrl,/.test(error.message),
      );
    }
  });
});
