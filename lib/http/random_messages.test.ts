import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, type Head } from "./head.ts";
import { METHOD_CONNECT, METHOD_GET, METHOD_HEAD } from "./methods.ts";
import {
  changed,
  chunkedBody,
  cuts,
  type GeneratedHead,
  requestHead,
  responseHead,
} from "./test_generated_messages.ts";
import { latin1, parseHead, readBody, summarize, textOf } from "./test_messages.ts";
import { naiveChunkedBody, naiveHead } from "./test_naive_parser.ts";

/** fast-check prints seed and path of a failure. A slow machine tries less. */
const MANY = { numRuns: 3000, interruptAfterTimeLimit: 4000 } as const;

const randomText = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map(textOf),
  fc.string({ unit: fc.constantFrom(..."aH0:/ \r\n\t,;HTTP1.".split("")), maxLength: 60 }),
);

const KINDS = [
  { name: "request", isRequest: true, valid: requestHead },
  { name: "response", isRequest: false, valid: responseHead },
] as const;

const FRAMINGS = ["none", "length", "chunked", "close"] as const;

/** The framing in the naive parser's words. */
function framingOf(head: Head): string {
  if (head.framing === FRAMING_LENGTH) return String(head.contentLength);
  return FRAMINGS[head.framing] ?? "";
}

/** Does the parser find in a text what the naive parser finds? */
function expectAsNaive(text: string, isRequest: boolean): void {
  const naive = naiveHead(text, isRequest);
  const bytes = latin1(text);
  const { head, length } = parseHead(bytes, { isRequest });
  if (naive === null) {
    assert.notEqual(head.fault, null, "accepted, but not by the naive parser");
    return;
  }
  assert.equal(head.fault, null, "refused, but not by the naive parser");
  assert.equal(length, naive.length);
  const fields = Array.from({ length: head.fieldCount }, (_, field) => {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.fields.slice(field * 4, field * 4 + 4);
    return [textOf(bytes.subarray(nameStart, nameEnd)), textOf(bytes.subarray(valueStart, valueEnd))];
  });
  assert.deepEqual(fields, naive.fields);
  assert.equal(framingOf(head), naive.framing);
  assert.equal(head.minorVersion, Number(naive.startLine[isRequest ? 2 : 0]));
  if (!isRequest) assert.equal(head.status, Number(naive.startLine[1]));
}

function textsOf(heads: fc.Arbitrary<GeneratedHead>): fc.Arbitrary<string> {
  return heads.map(({ text }) => text);
}

for (const { name, isRequest, valid } of KINDS) {
  describe(`the head of any ${name}`, () => {
    it("that is valid is found as it was made", () => {
      fc.assert(
        fc.property(valid, ({ text, startLine, fields }) => {
          const bytes = latin1(`${text}rest`);
          const { head, length } = parseHead(bytes, { isRequest, isGuarded: true });
          assert.equal(head.fault, null);
          assert.equal(length, text.length);
          const line = isRequest
            ? [text.slice(head.methodStart, head.methodEnd), text.slice(head.targetStart, head.targetEnd)]
            : [String(head.status), text.slice(head.reasonStart, head.reasonEnd)];
          const version = String(head.minorVersion);
          assert.deepEqual(isRequest ? [...line, version] : [version, ...line], startLine);
          const found = summarize(bytes, { isRequest }).fields.map((field) => field.replace(/ \(\d+, \w+\)$/, ""));
          assert.deepEqual(
            found,
            fields.map((field) => `${field.name}: ${field.value}`),
          );
          expectAsNaive(text, isRequest);
        }),
        MANY,
      );
    });

    it("that was changed is accepted or refused as by regular expressions", () => {
      fc.assert(
        fc.property(changed(textsOf(valid)), (text) => {
          const start = isRequest && text.startsWith("\r\n") ? 2 : 0;
          if (text.includes("\r\n\r\n", start)) expectAsNaive(text, isRequest);
        }),
        MANY,
      );
    });

    it("is the same in one piece and in any pieces", () => {
      const texts = fc.oneof(textsOf(valid), changed(textsOf(valid)), randomText);
      const methods = fc.constantFrom(METHOD_GET, METHOD_HEAD, METHOD_CONNECT);
      fc.assert(
        fc.property(texts, cuts, methods, (text, cuts, requestMethod) => {
          const bytes = latin1(text);
          const whole = summarize(bytes, { isRequest, requestMethod, isGuarded: true });
          assert.deepEqual(summarize(bytes, { isRequest, requestMethod, cuts }), whole);
        }),
        MANY,
      );
    });
  });
}

describe("any chunked body", () => {
  it("that is valid is complete, with the data that it was made of", () => {
    fc.assert(
      fc.property(chunkedBody, (text) => {
        const { result, position, data } = readBody(latin1(`${text}rest`), {
          framing: FRAMING_CHUNKED,
          isGuarded: true,
        });
        assert.equal(result, "complete");
        assert.equal(position, text.length);
        assert.deepEqual({ position, data }, naiveChunkedBody(text));
      }),
      MANY,
    );
  });

  it("that was changed is accepted or refused as by regular expressions", () => {
    fc.assert(
      fc.property(changed(chunkedBody), (text) => {
        const { result, position, data } = readBody(latin1(text), { framing: FRAMING_CHUNKED });
        assert.deepEqual(result === "complete" ? { position, data } : null, naiveChunkedBody(text));
      }),
      MANY,
    );
  });
});

describe("any body", () => {
  it("is the same in one piece and in any pieces", () => {
    const texts = fc.oneof(chunkedBody, changed(chunkedBody), randomText);
    const framings = fc.oneof(
      { weight: 8, arbitrary: fc.constant({ framing: FRAMING_CHUNKED }) },
      { weight: 1, arbitrary: fc.constantFrom({ framing: FRAMING_UNTIL_CLOSE }, { framing: FRAMING_NONE }) },
      { weight: 1, arbitrary: fc.nat(50).map((contentLength) => ({ framing: FRAMING_LENGTH, contentLength })) },
    );
    fc.assert(
      fc.property(texts, cuts, framings, (text, cuts, framing) => {
        const bytes = latin1(text);
        const whole = readBody(bytes, { ...framing, isGuarded: true });
        assert.deepEqual(readBody(bytes, { ...framing, cuts }), whole);
      }),
      MANY,
    );
  });
});

describe("random bytes", () => {
  const FUZZ_MS = 1500;

  it("are never taken for what they are not, and nothing throws", () => {
    const seed = Number(process.env["RINGWAY_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const random = randomNumbers(seed);
    const endMs = performance.now() + FUZZ_MS;
    for (let round = 0; performance.now() < endMs; round++) {
      const text = randomMessage(random);
      try {
        for (const { isRequest } of KINDS) {
          const start = isRequest && text.startsWith("\r\n") ? 2 : 0;
          if (text.includes("\r\n\r\n", start)) expectAsNaive(text, isRequest);
          else assert.notEqual(summarize(latin1(text), { isRequest }).result.slice(-5), "bytes");
        }
        const { result, position, data } = readBody(latin1(text), { framing: FRAMING_CHUNKED });
        assert.deepEqual(result === "complete" ? { position, data } : null, naiveChunkedBody(text));
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
