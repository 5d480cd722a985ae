import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BodyReader } from "./body_reader.ts";
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE, Head } from "./head.ts";
import { defaultHttpLimits, type HttpLimits } from "./limits.ts";
import { METHOD_CONNECT, METHOD_GET, METHOD_HEAD } from "./methods.ts";
import { expectAsNaive, expectBodyAsNaive, hasHeadEnd } from "./test_agreement.ts";
import { CONFUSION, changeText } from "./test_changes.ts";
import { latin1, parseHead, readBody, summarize, textOf } from "./test_messages.ts";
import { naiveChunkedBody } from "./test_naive_parser.ts";

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~09azAZ".split("");
const VISIBLE_CHARACTERS = "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x80\xff".split("");

/** A text of characters that may be in a token. */
const token: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...TOKEN_CHARACTERS),
  minLength: 1,
  maxLength: 10,
});

const word = fc.string({ unit: fc.constantFrom(...VISIBLE_CHARACTERS), minLength: 1, maxLength: 8 });
const whitespace = fc.constantFrom("", " ", "\t", " \t ");
const value = fc
  .array(fc.tuple(word, fc.constantFrom(" ", "\t", "  ")), { maxLength: 4 })
  .map((words) => words.flat().slice(0, -1).join(""));

/** A field, with the whitespace around its value. */
interface GeneratedField {
  readonly name: string;
  readonly before: string;
  readonly value: string;
  readonly after: string;
}

/** Names that a rule is about get a letter more. */
const otherName = token.map((name) => `${name}z`);
const otherField = fc.record({ name: otherName, before: whitespace, value, after: whitespace });

function named(name: string, values: fc.Arbitrary<string>): fc.Arbitrary<GeneratedField> {
  const anyCase = fc.constantFrom(name, name.toLowerCase(), name.toUpperCase());
  return fc.record({ name: anyCase, before: whitespace, value: values, after: whitespace });
}

const host = fc.constantFrom("a", "www.example.org", "127.0.0.1", "[::1]", "[2001:db8::1.2.3.4]", "x%41y", "a_b");
const port = fc.constantFrom("", ":", ":80", ":65535");
const authority = fc.tuple(host, port).map((parts) => parts.join(""));
const hostField = named("Host", authority);
const optionalFraming = fc.oneof(
  fc.constant(null),
  named("Content-Length", fc.constantFrom("0", "5", "0017", "9007199254740991")),
  named("Transfer-Encoding", fc.constantFrom("chunked", "Chunked", "CHUNKED")),
);
const commonField = fc.oneof(
  { weight: 3, arbitrary: otherField },
  {
    weight: 1,
    arbitrary: named("Connection", fc.constantFrom("close", "keep-alive", "upgrade", "az, keep-alive", ",x, ,y,")),
  },
  { weight: 1, arbitrary: named("Upgrade", fc.constantFrom("websocket", "h2c")) },
  { weight: 1, arbitrary: named("Expect", fc.constantFrom("100-continue", "x")) },
  { weight: 1, arbitrary: named("Via", fc.constantFrom("1.1 a", "1.0 b, 1.1 c")) },
);

const path = fc.string({ unit: fc.constantFrom(..."/a%2F:@!$&'()*+,;=-._~|{}^".split("")), maxLength: 20 });
const query = fc.constantFrom("", "?", "?a=b&c", "?a?b/c");
const originTarget = fc.tuple(path, query).map(([first, second]) => `/${first}${second}`);
const absoluteTarget = fc
  .tuple(fc.constantFrom("http://", "HTTPS://"), authority, fc.oneof(fc.constant(""), originTarget), query)
  .map(([scheme, name, where, rest]) => scheme + name + (where.includes("?") ? where : where + rest));
const requestStart = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constantFrom("GET", "HEAD", "POST", "get", "PATCH", "X-METHOD"),
      fc.oneof(originTarget, absoluteTarget),
    ),
  },
  { weight: 1, arbitrary: fc.constant(["OPTIONS", "*"] as [string, string]) },
);
const tunnelStart = fc
  .tuple(fc.constant("CONNECT"), host, fc.constantFrom(":1", ":443", ":65535"))
  .map(([method, name, number]): [string, string] => [method, name + number]);

/** A head as text and in parts. */
interface GeneratedHead {
  readonly text: string;
  readonly startLine: readonly string[];
  readonly fields: readonly GeneratedField[];
}

function lines(fields: readonly GeneratedField[]): string {
  return fields.map((field) => `${field.name}:${field.before}${field.value}${field.after}\r\n`).join("");
}

/** All fields in an order that the number decides. */
function ordered(order: number, fields: readonly (GeneratedField | null)[]): GeneratedField[] {
  const present = fields.filter((field) => field !== null);
  const first = present.length === 0 ? 0 : order % present.length;
  return [...present.slice(first), ...present.slice(0, first)];
}

/** A valid head of a request. */
const requestHead: fc.Arbitrary<GeneratedHead> = fc
  .record({
    before: fc.constantFrom("", "", "\r\n"),
    start: fc.oneof({ weight: 8, arbitrary: requestStart }, { weight: 1, arbitrary: tunnelStart }),
    minorVersion: fc.constantFrom("1", "1", "1", "0"),
    hostField,
    framing: optionalFraming,
    others: fc.array(commonField, { maxLength: 6 }),
    order: fc.nat(20),
  })
  .map(({ before, start, minorVersion, hostField, framing, others, order }) => {
    const isChunked = framing?.name.toLowerCase() === "transfer-encoding";
    const hasFraming = start[0] !== "CONNECT" && !(isChunked && minorVersion === "0");
    const fields = ordered(order, [...others, hostField, hasFraming ? framing : null]);
    const text = `${before}${start[0]} ${start[1]} HTTP/1.${minorVersion}\r\n${lines(fields)}\r\n`;
    return { text, startLine: [...start, minorVersion], fields };
  });

/** A valid head of a response. */
const responseHead: fc.Arbitrary<GeneratedHead> = fc
  .record({
    minorVersion: fc.constantFrom("1", "1", "1", "0"),
    status: fc.constantFrom("100", "101", "199", "200", "204", "206", "301", "304", "404", "599"),
    reason: fc.constantFrom("", " ", " OK", " Not Found", " \t", " \xe4 "),
    framing: optionalFraming,
    others: fc.array(commonField, { maxLength: 6 }),
    order: fc.nat(20),
  })
  .map(({ minorVersion, status, reason, framing, others, order }) => {
    const isChunked = framing?.name.toLowerCase() === "transfer-encoding";
    const fields = ordered(order, [...others, isChunked && minorVersion === "0" ? null : framing]);
    const text = `HTTP/1.${minorVersion} ${status}${reason}\r\n${lines(fields)}\r\n`;
    return { text, startLine: [minorVersion, status, reason.slice(1)], fields };
  });

const quoted = fc.string({ unit: fc.constantFrom("a", " ", "\t", ";", "=", '\\"', "\\\\", "\xff"), maxLength: 6 });
const badWhitespace = fc.constantFrom("", "", "", " ", "\t ");
const extension = fc
  .tuple(
    badWhitespace,
    badWhitespace,
    token,
    badWhitespace,
    badWhitespace,
    fc.option(fc.oneof(token, quoted.map(quote))),
  )
  .map(([first, second, name, third, fourth, content]) => {
    return `${first};${second}${name}${content === null ? "" : `${third}=${fourth}${content}`}`;
  });

function quote(text: string): string {
  return `"${text}"`;
}

const data = fc.string({ unit: fc.constantFrom("a", "0", "\r\n", "\n", "5\r\n", "\0", "\xff"), maxLength: 30 });
const chunk = fc
  .tuple(
    data.filter((text) => text !== ""),
    fc.array(extension, { maxLength: 2 }),
    fc.constantFrom("", "0", "000"),
    fc.boolean(),
  )
  .map(([text, extensions, zeros, isUpper]) => {
    const size = text.length.toString(16);
    return `${zeros}${isUpper ? size.toUpperCase() : size}${extensions.join("")}\r\n${text}\r\n`;
  });

/** A valid chunked body. */
const chunkedBody: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(chunk, { maxLength: 4 }),
    fc.constantFrom("0", "000"),
    fc.array(extension, { maxLength: 1 }),
    fc.oneof(fc.constant([]), fc.array(otherField, { maxLength: 3 })),
  )
  .map(([chunks, zeros, extensions, trailers]) => {
    return `${chunks.join("")}${zeros}${extensions.join("")}\r\n${lines(trailers)}\r\n`;
  });

const change = fc.record({ at: fc.nat(1000), drop: fc.nat(3), insert: fc.constantFrom("", "", ...CONFUSION) });

/** The text with a few changes. */
function changed(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([text, changes, isAtEdge]) => changeText(text, changes, isAtEdge));
}

/** Where a text is cut, for texts of usual lengths. */
const cuts: fc.Arbitrary<number[]> = fc
  .oneof(fc.uniqueArray(fc.nat(250), { maxLength: 8 }), fc.constant(Array.from({ length: 1000 }, (_, index) => index)))
  .map((places) => places.sort((a, b) => a - b));

/** fast-check prints seed and path of a failure. A slow machine tries less. */
const MANY = { numRuns: 2000, interruptAfterTimeLimit: 4000 } as const;

const randomText = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map(textOf),
  fc.string({ unit: fc.constantFrom(..."aH0:/ \r\n\t,;HTTP1.".split("")), maxLength: 60 }),
);

/** The limits of every day, and others that most messages come close to. */
const limits = fc.oneof(
  fc.constant(defaultHttpLimits),
  fc.record<HttpLimits>({
    headBytes: fc.integer({ min: 20, max: 200 }),
    fieldCount: fc.nat(5),
    targetBytes: fc.nat(20),
    chunkExtensionBytes: fc.nat(10),
    trailerBytes: fc.nat(30),
  }),
);

const KINDS = [
  { name: "request", isRequest: true, valid: requestHead },
  { name: "response", isRequest: false, valid: responseHead },
] as const;

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
          if (hasHeadEnd(text, isRequest)) expectAsNaive(text, isRequest);
        }),
        MANY,
      );
    });

    it("is the same in one piece and in any pieces", () => {
      const texts = fc.oneof(textsOf(valid), changed(textsOf(valid)), randomText);
      const methods = fc.constantFrom(METHOD_GET, METHOD_HEAD, METHOD_CONNECT);
      fc.assert(
        fc.property(texts, cuts, methods, limits, (text, cuts, requestMethod, limits) => {
          const bytes = latin1(text);
          const whole = summarize(bytes, { isRequest, requestMethod, limits, isGuarded: true });
          assert.deepEqual(summarize(bytes, { isRequest, requestMethod, limits, cuts }), whole);
        }),
        MANY,
      );
    });

    it("does not depend on the heads before it", () => {
      const head = new Head(defaultHttpLimits);
      fc.assert(
        fc.property(fc.oneof(textsOf(valid), changed(textsOf(valid))), cuts, (text, cuts) => {
          const bytes = latin1(text);
          assert.deepEqual(summarize(bytes, { isRequest, cuts, head }), summarize(bytes, { isRequest }));
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
        expectBodyAsNaive(text);
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
      fc.property(texts, cuts, framings, limits, (text, cuts, framing, limits) => {
        const bytes = latin1(text);
        const whole = readBody(bytes, { ...framing, limits, isGuarded: true });
        assert.deepEqual(readBody(bytes, { ...framing, limits, cuts }), whole);
      }),
      MANY,
    );
  });

  it("does not depend on the bodies before it", () => {
    const reader = new BodyReader(defaultHttpLimits);
    fc.assert(
      fc.property(fc.oneof(chunkedBody, changed(chunkedBody)), (text) => {
        const bytes = latin1(text);
        assert.deepEqual(
          readBody(bytes, { framing: FRAMING_CHUNKED, reader }),
          readBody(bytes, { framing: FRAMING_CHUNKED }),
        );
      }),
      MANY,
    );
  });
});
