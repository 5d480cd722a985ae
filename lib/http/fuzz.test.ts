import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expectAsNaive, expectBodyAsNaive, hasHeadEnd } from "./test_agreement.ts";
import { latin1, summarize } from "./test_messages.ts";

describe("random texts", () => {
  const FUZZ_MS = 1500;

  it("are never taken for what they are not, and nothing throws", () => {
    const seed = Number(process.env["RINGWAY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = randomNumbers(seed);
    const endMs = performance.now() + FUZZ_MS;
    for (let round = 0; performance.now() < endMs; round++) {
      const text = randomMessage(random);
      try {
        for (const isRequest of [true, false]) {
          if (hasHeadEnd(text, isRequest)) expectAsNaive(text, isRequest);
          else assert.notEqual(summarize(latin1(text), { isRequest }).result.slice(-5), "bytes");
        }
        expectBodyAsNaive(text);
      } catch (cause) {
        throw new Error(`RINGWAY_FUZZ_SEED=${seed}, round ${round}: ${JSON.stringify(text)}`, { cause });
      }
    }
  });
});

/** mulberry32: seeded, and good enough to choose test data. Returns numbers from 0 to limit - 1. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** What messages are made of. */
const PARTS = [
  ..."\r\n|\r\n|\r\n|\r\n\r\n|\n|\r| |:|: |,|;|a|5|0|GET / HTTP/1.1|HTTP/1.1 200 OK|Host: a|Content-Length: 5".split(
    "|",
  ),
  ..."Transfer-Encoding: chunked|Connection: close|X: y|x|1\r\na\r\n|0\r\n\r\n|3;a=b\r\nabc\r\n|/|*|\t|\0|\xff".split(
    "|",
  ),
  ...'POST http://a/ HTTP/1.0|HTTP/1.0 204|Host:|TE: a|"|=|Upgrade: x|CONNECT a:1 HTTP/1.1|OPTIONS * HTTP/1.1'.split(
    "|",
  ),
];

function randomMessage(random: (limit: number) => number): string {
  const start = [
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\r\nHost: a\r\n",
    "PUT / HTTP/1.0\r\n",
    "HTTP/1.1 200 OK\r\n",
    "",
    "1\r\na\r\n",
  ];
  let text = start[random(start.length)] ?? "";
  for (let count = random(10); count > 0; count--) text += PARTS[random(PARTS.length)] ?? "";
  if (random(2) === 0) text += "\r\n\r\n";
  for (let count = random(3); count > 0; count--) {
    const at = random(text.length + 1);
    text = text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + random(2));
  }
  return text;
}
