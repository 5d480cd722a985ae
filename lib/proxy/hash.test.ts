import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashBytes } from "./hash.ts";

const encoder = new TextEncoder();

describe("hashBytes()", () => {
  it("is MurmurHash3 for x86, 32 bits", () => {
    for (const [text, seed, expected] of [
      ["", 0, 0],
      ["", 1, 0x514e28b7],
      ["", 0xffffffff, 0x81f16f39],
      ["test", 0, 0xba6bd213],
      ["test", 0x9747b28c, 0x704b81dc],
      ["Hello, world!", 0, 0xc0363e43],
      ["Hello, world!", 0x9747b28c, 0x24884cba],
      ["abc", 0x9747b28c, 0xc84a62dd],
      ["ab", 0x9747b28c, 0x74875592],
      ["a", 0x9747b28c, 0x7fa09ea6],
      ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
    ] as const) {
      const bytes = encoder.encode(`x${text}y`);
      assert.equal(hashBytes(bytes, 1, bytes.length - 1, seed), expected, `${text} ${seed}`);
    }
  });
});
