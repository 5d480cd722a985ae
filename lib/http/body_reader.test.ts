import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BodyReader } from "./body_reader.ts";
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE } from "./head.ts";
import { defaultHttpLimits } from "./limits.ts";
import { BAD_BODIES } from "./test_bad_bodies.ts";
import { type BodySummary, latin1, readBody } from "./test_messages.ts";

function readChunked(text: string): BodySummary {
  return readBody(latin1(text), { framing: FRAMING_CHUNKED, isGuarded: true });
}

describe("a chunked body is refused", () => {
  for (const [fault, section, position, text] of BAD_BODIES) {
    const quoted = JSON.stringify(text);
    it(`${fault} (${section}): ${quoted.length > 90 ? `${quoted.slice(0, 80)}...` : quoted}`, () => {
      const whole = readChunked(text);
      assert.deepEqual([whole.result, whole.position], [fault, position]);
      const cuts = [...latin1(text).keys()];
      assert.deepEqual(readBody(latin1(text), { framing: FRAMING_CHUNKED, cuts }), whole, "in parts");
    });
  }
});

describe("a chunked body", () => {
  for (const [text, data, hasTrailers] of [
    ["0\r\n\r\n", "", false],
    ["3\r\nabc\r\n0\r\n\r\n", "abc", false],
    ["3\r\nabc\r\n00\r\n\r\n", "abc", false],
    ["0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n", "abc", false],
    ["A\r\n0123456789\r\na\r\n0\r\n\r\n67890\r\n0\r\n\r\n", "01234567890\r\n\r\n67890", false],
    ['1;a;b=c;d="e\\"\\\\\t;\xff"\r\nx\r\n0;a\r\n\r\n', "x", false],
    ["1 ; a = b\t;c\r\nx\r\n0\r\n\r\n", "x", false],
    ['1 ;\ta ;b= "c" ;d\r\nx\r\n0\r\n\r\n', "x", false],
    ["0\r\nX: a\r\nServer-Timing:\t\xe9 b \r\nEmpty:\r\n\r\n", "", true],
    [`1;${"a".repeat(1023)}\r\nx\r\n0\r\n\r\n`, "x", false],
    [`0\r\n${"X:a\r\n".repeat(100)}\r\n`, "", true],
    [`0\r\nX: ${"a".repeat(8192 - 7)}\r\n\r\n`, "", true],
    [`0\r\n${"x".repeat(40)}: a\r\n\r\n`, "", true],
  ] as const) {
    it(`has data and trailers: ${JSON.stringify(text).slice(0, 80)}`, () => {
      const expected = { result: "complete", position: text.length, data, bodyBytes: data.length, hasTrailers };
      assert.deepEqual(readChunked(text), expected);
      assert.deepEqual(readChunked(`${text}GET /`), expected, "and leaves what follows alone");
      const cuts = [...latin1(text).keys()];
      assert.deepEqual(readBody(latin1(text), { framing: FRAMING_CHUNKED, cuts }), expected, "in parts");
    });
  }

  it("may have a chunk of 2^53 - 1 bytes", () => {
    const { result, bodyBytes } = readChunked("1fffffffffffff\r\nabc");
    assert.deepEqual([result, bodyBytes], ["incomplete", 3]);
  });

  it("is read piece by piece", () => {
    const bytes = latin1("..2\r\nab\r\n1\r\nc\r\n0\r\n\r\n..");
    const reader = new BodyReader(defaultHttpLimits);
    reader.begin(FRAMING_CHUNKED, -1);
    assert.equal(reader.read(bytes, 2, 21), 7);
    assert.deepEqual([reader.pieceStart, reader.pieceEnd, reader.bodyBytes], [5, 7, 2]);
    assert.equal(reader.read(bytes, 7, 21), 13);
    assert.deepEqual([reader.pieceStart, reader.pieceEnd, reader.bodyBytes], [12, 13, 3]);
    assert.equal(reader.isComplete, false);
    assert.equal(reader.read(bytes, 13, 21), 20);
    assert.deepEqual([reader.pieceStart, reader.pieceEnd, reader.isComplete], [20, 20, true]);
    assert.equal(reader.read(bytes, 20, 21), 20);
  });
});

describe("a body with a length", () => {
  it("ends after so many bytes", () => {
    for (const cuts of [[], [0, 1, 2, 3, 4, 5, 6], [3]]) {
      assert.deepEqual(readBody(latin1("abcdeGET /"), { framing: FRAMING_LENGTH, contentLength: 5, cuts }), {
        result: "complete",
        position: 5,
        data: "abcde",
        bodyBytes: 5,
        hasTrailers: false,
      });
    }
  });

  it("may have no bytes, or more than fit into 32 bits", () => {
    assert.equal(readBody(latin1("x"), { framing: FRAMING_LENGTH, contentLength: 0 }).position, 0);
    const reader = new BodyReader(defaultHttpLimits);
    reader.begin(FRAMING_LENGTH, 2 ** 53 - 1);
    assert.equal(reader.read(new Uint8Array(9), 2, 9), 9);
    assert.equal(reader.bodyBytes, 7);
    assert.equal(reader.finish(), false, "cut short");
  });
});

describe("other bodies", () => {
  it("end with the connection", () => {
    const reader = new BodyReader(defaultHttpLimits);
    reader.begin(FRAMING_UNTIL_CLOSE, -1);
    assert.equal(reader.read(new Uint8Array(9), 2, 9), 9);
    assert.deepEqual([reader.pieceStart, reader.pieceEnd, reader.isComplete], [2, 9, false]);
    assert.equal(reader.finish(), true);
    assert.equal(reader.isComplete, true);
  });

  it("are not there", () => {
    const reader = new BodyReader(defaultHttpLimits);
    reader.begin(FRAMING_NONE, -1);
    assert.equal(reader.isComplete, true);
    assert.equal(reader.finish(), true);
    assert.equal(reader.read(new Uint8Array(9), 2, 9), 2);
  });
});

describe("a reader", () => {
  it("reads one body after the other", () => {
    const reader = new BodyReader(defaultHttpLimits);
    const bad = latin1("5;a=\r\n");
    reader.begin(FRAMING_CHUNKED, -1);
    reader.read(bad, 0, bad.length);
    assert.notEqual(reader.fault, null);
    assert.equal(reader.finish(), false);
    const good = latin1("1\r\na\r\n0\r\nX: a\r\n\r\n");
    for (let count = 0; count < 3; count++) {
      reader.begin(FRAMING_CHUNKED, -1);
      assert.deepEqual(
        [reader.fault, reader.isComplete, reader.bodyBytes, reader.hasTrailers],
        [null, false, 0, false],
      );
      let position = 0;
      while (!reader.isComplete) position = reader.read(good, position, good.length);
      assert.equal(position, good.length);
      assert.deepEqual([reader.bodyBytes, reader.hasTrailers, reader.finish()], [1, true, true]);
    }
    reader.begin(FRAMING_NONE, -1);
    assert.equal(reader.hasTrailers, false);
  });
});
