import assert from "node:assert/strict";
import * as net from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isIP, isIPv6 } from "./ip_version.ts";

const IPV4 = ["0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.199.249"];
const IPV6 = [
  "::",
  "::1",
  "1::",
  "1:2:3:4:5:6:7:8",
  "1:2:3:4:5:6:7::",
  "::2:3:4:5:6:7:8",
  "2001:db8::ABCD",
  "::ffff:127.0.0.1",
  "1:2:3:4:5:6:127.0.0.1",
  "fe80::1%eth0",
  "fe80::1%1",
];
const NEITHER = [
  "",
  "localhost",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.4 ",
  " ::1",
  ":",
  ":::",
  "1",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "1::2::3",
  "12345::",
  "g::",
  ":1::",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "1:2:3:4:5:6:7:127.0.0.1",
  "[::1]",
  "::1%",
  "::1%eth 0",
  "a:b",
];

describe("the version of an address", () => {
  it("is 4, 6, or none, as node:net has it", () => {
    const cases = [
      ...IPV4.map((text) => [text, 4]),
      ...IPV6.map((text) => [text, 6]),
      ...NEITHER.map((text) => [text, 0]),
    ];
    for (const [text, version] of cases as [string, 0 | 4 | 6][]) {
      assert.equal(isIP(text), version, text);
      assert.equal(isIPv6(text), version === 6, text);
      assert.equal(net.isIP(text), version, `node:net of "${text}"`);
    }
  });

  it("is that of node:net for texts that look like one", () => {
    const piece = fc.constantFrom(
      ":",
      "::",
      ".",
      "%",
      "0",
      "1",
      "9",
      "25",
      "255",
      "256",
      "ab",
      "ffff",
      "12345",
      "1.2.3.4",
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join("")),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (address) => isIP(address) === net.isIP(address)),
      { numRuns: 2000 },
    );
  });
});
