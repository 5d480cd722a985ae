import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workerCount } from "./worker_count.ts";

describe("the number of workers", () => {
  it("is what is asked for", () => {
    assert.equal(workerCount(3, "linux"), 3);
    assert.equal(workerCount(3, "darwin"), 3);
  });

  it("is otherwise one per processor, but one where connections are not spread", () => {
    assert.equal(workerCount("auto", "linux"), navigator.hardwareConcurrency);
    assert.equal(workerCount("auto", "darwin"), 1);
    assert.equal(workerCount("auto", "win32"), 1);
  });
});
