import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { parseRollup, readMemory } from "./memory.ts";

const ROLLUP = `55bc70d3b000-7ffe99e5d000 ---p 00000000 00:00 0                          [rollup]
Rss:                1732 kB
Pss:                 248 kB
Pss_Dirty:           116 kB
Pss_Anon:            116 kB
Anonymous:           200 kB
LazyFree:             32 kB
AnonHugePages:         0 kB
`;

describe("the memory of a process", () => {
  it("is what is resident, but for pages that were given back", () => {
    assert.deepEqual(parseRollup(ROLLUP), {
      bytes: 1700 * 1024,
      proportionalBytes: 248 * 1024,
      anonymousBytes: 200 * 1024,
    });
  });

  it("grows when it is used", () => {
    const before = readMemory(process.pid);
    const bytes = 32 * 1024 * 1024;
    const used = new Uint8Array(bytes).fill(1);
    assert.ok(readMemory(process.pid).bytes - before.bytes > bytes / 2);
    assert.equal(used[bytes - 1], 1);
  });

  it("of a process that does not exist is an error, not 0", () => {
    assert.throws(() => readMemory(2 ** 30), /can't be read/);
  });
});
