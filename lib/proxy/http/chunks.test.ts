/** What frames a body in chunks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { textOf } from "../../http/test_messages.ts";
import { CHUNK_END, chunkHead, LAST_CHUNK } from "./chunks.ts";

describe("chunkHead()", () => {
  it("is the size in hexadecimal, and the end of its line", () => {
    for (const [size, expected] of [
      [1, "1\r\n"],
      [15, "f\r\n"],
      [16, "10\r\n"],
      [0xabcde, "abcde\r\n"],
      [0x7fffffff, "7fffffff\r\n"],
    ] as const) {
      assert.equal(textOf(chunkHead(size)), expected);
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffffff }), (size) => {
        assert.equal(textOf(chunkHead(size)), `${size.toString(16)}\r\n`);
      }),
    );
  });

  it("is other bytes each time", () => {
    const first = chunkHead(1);
    chunkHead(2);
    assert.equal(textOf(first), "1\r\n");
  });

  it("comes with the ends of chunks and of bodies", () => {
    assert.equal(textOf(CHUNK_END), "\r\n");
    assert.equal(textOf(LAST_CHUNK), "0\r\n\r\n");
  });
});
