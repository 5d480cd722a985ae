import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hostNameEnd, portOf } from "./host.ts";
import { guard, latin1 } from "./test_messages.ts";

function nameEnd(text: string): number {
  const bytes = latin1(`x${text}x`);
  const end = hostNameEnd(guard(bytes, 1, 1 + text.length), 1, 1 + text.length);
  return end < 0 ? -1 : end - 1;
}

describe("hostNameEnd()", () => {
  it("finds the port", () => {
    for (const [text, expected] of [
      ["a", 1],
      ["a:", 1],
      ["a.b:80", 3],
      ["%2e:1", 3],
      ["[::]", 4],
      ["[::1]:65535", 5],
      ["1.2.3.4:00001", 7],
    ] as const) {
      assert.equal(nameEnd(text), expected, text);
    }
  });

  it("refuses what is no host with a port", () => {
    const texts = [
      "",
      ":",
      ":1",
      "a:b",
      "a:65536",
      "a:1:",
      "a@b",
      "a/",
      "a b",
      "%",
      "%1",
      "%1g",
      "[",
      "[]",
      "[::",
      "[::1]1",
    ];
    for (const text of [...texts, "[v1.a]", "[::1%25a]", "[::1]:x", "[1.2.3.4]", "a[::1]", "\xe9"]) {
      assert.equal(nameEnd(text), -1, text);
    }
  });

  it("knows IPv6 addresses", () => {
    const part = fc.constantFrom("0", "1", "ab", "CdEf", "12345", "", "g", "1.2.3.4", "01.2.3.4", "256.1.1.1", "1.2.3");
    const address = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(":"));
    const examples = ["::", "1::", "::1", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4"];
    fc.assert(
      fc.property(address, (text) => {
        assert.equal(nameEnd(`[${text}]`), isIPv6(text) ? text.length + 2 : -1, text);
      }),
      {
        numRuns: 3000,
        interruptAfterTimeLimit: 3000,
        examples: [...examples, ":1", "1:", ":::", "1::2::3", "1:2:3:4:5:6:7:8::"].map((text) => [text]),
      },
    );
  });
});

describe("portOf()", () => {
  it("reads a number up to 65535", () => {
    for (const [text, expected] of [
      ["0", 0],
      ["080", 80],
      ["65535", 65535],
      ["65536", -1],
      ["99999999999999999999", -1],
      ["", -1],
      ["+1", -1],
      ["1 ", -1],
    ] as const) {
      assert.equal(portOf(latin1(text), 0, text.length), expected, text);
    }
  });
});
