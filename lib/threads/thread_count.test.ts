import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { threadCount } from "./thread_count.ts";

describe("the number of threads", () => {
  it("is what is asked for", () => {
    assert.equal(threadCount(3, "linux"), 3);
    assert.equal(threadCount(3, "darwin"), 3);
  });

  it("is otherwise one per processor, but one where connections are not spread", () => {
    assert.equal(threadCount("auto", "linux"), navigator.hardwareConcurrency);
    assert.equal(threadCount("auto", "darwin"), 1);
    assert.equal(threadCount("auto", "win32"), 1);
  });
});
