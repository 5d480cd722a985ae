/**
 * Makes up messages: valid ones, and others that are almost valid.
 *
 * @module
 */
import fc from "fast-check";

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~09azAZ".split("");
const VISIBLE_CHARACTERS = "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x80\xff".split("");

/** A text of characters that may be in a token. */
export const token: fc.Arbitrary<string> = fc.string({
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
export interface GeneratedField {
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
export interface GeneratedHead {
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
export const requestHead: fc.Arbitrary<GeneratedHead> = fc
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
export const responseHead: fc.Arbitrary<GeneratedHead> = fc
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
export const chunkedBody: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(chunk, { maxLength: 4 }),
    fc.constantFrom("0", "000"),
    fc.array(extension, { maxLength: 1 }),
    fc.oneof(fc.constant([]), fc.array(otherField, { maxLength: 3 })),
  )
  .map(([chunks, zeros, extensions, trailers]) => {
    return `${chunks.join("")}${zeros}${extensions.join("")}\r\n${lines(trailers)}\r\n`;
  });

/** What confuses parsers. */
const CONFUSION = [
  ..."\r\n\t :;,=\"\\'/?#@[]+-_.x0519afgF\0\x0b\x0c\x1b\x7f\x80\x85\xa0\xff".split(""),
  "\r\n",
  "\r\n\r\n",
  "\r\n ",
  "\r\r\n",
  "chunked",
  ", chunked",
  "Host: b\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 05\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Connection: close\r\n",
  "0\r\n\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "http://",
  "*",
  "ffffffffffffffff",
];

const change = fc.record({ at: fc.nat(1000), drop: fc.nat(3), insert: fc.constantFrom("", "", ...CONFUSION) });

/** The text with a few changes, most of them at places where something starts or ends. */
export function changed(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([text, changes, isAtEdge]) => {
      return changes.reduce((before, { at, drop, insert }) => {
        const places = isAtEdge ? edges(before) : Array.from({ length: before.length + 1 }, (_, index) => index);
        const place = places[at % places.length] ?? 0;
        return before.slice(0, place) + insert + before.slice(place + drop);
      }, text);
    });
}

function edges(text: string): number[] {
  return [0, ...[...text.matchAll(/\b|[\r\n:;,=]/g)].map((match) => match.index), text.length];
}

/** Where a text is cut, for texts of usual lengths. */
export const cuts: fc.Arbitrary<number[]> = fc
  .oneof(fc.uniqueArray(fc.nat(250), { maxLength: 8 }), fc.constant(Array.from({ length: 1000 }, (_, index) => index)))
  .map((places) => places.sort((a, b) => a - b));
