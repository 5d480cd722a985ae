import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { parseLimits, raiseDescriptorLimit } from "./descriptors.ts";

describe("the limit of open files", () => {
  it("is read with its soft and hard value", () => {
    const limits =
      "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288   files\n";
    assert.deepEqual(parseLimits(limits), { soft: 1024, hard: 524_288 });
    assert.equal(parseLimits("Max open files   20000  unlimited  files").hard, Number.MAX_SAFE_INTEGER);
  });

  it("is what a wrapped program has", () => {
    const { limit, wrapper } = raiseDescriptorLimit();
    const [program = "", ...rest] = [...wrapper, "sh", "-c", "ulimit -n"];
    assert.equal(Number(spawnSync(program, rest, { encoding: "utf8" }).stdout), limit);
  });
});
