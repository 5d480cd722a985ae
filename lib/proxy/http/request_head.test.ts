/** The head of a forwarded request: what a route and a filter change, what is added, and that it fits into its room. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { latin1, textOf } from "../../http/test_messages.ts";
import { ascii } from "./bytes.ts";
import {
  clientLines,
  FRAMING_IN_CHUNKS,
  hostAndEnd,
  maximumForwards,
  putRequestHead,
  type RequestAdditions,
  RequestChanges,
  requestHeadBytes,
} from "./request_head.ts";
import { RequestIds } from "./request_ids.ts";
import { HeaderEdits } from "./routing/header_edits.ts";
import type { HeaderChanges } from "./routing/route_options.ts";
import { parsed, type RequestText } from "./routing/test_routes.ts";

interface Written {
  readonly request?: RequestText;
  readonly additions?: Partial<RequestAdditions>;
  readonly changes?: Partial<RequestChanges>;
  readonly edits?: Partial<HeaderChanges>;
}

/** The lines of the head, without those that are added to every request, unless they are asked for. */
function written({ request = {}, additions = {}, changes = {}, edits }: Written, isWhole = false): string[] {
  const { head, memory, base } = parsed(request);
  const own: RequestChanges = Object.assign(new RequestChanges(), changes);
  if (edits !== undefined) own.edits = new HeaderEdits({ remove: [], set: [], add: [], ...edits });
  const target = new Uint8Array(requestHeadBytes(head, own) + 6);
  const all: RequestAdditions = {
    clientText: "192.0.2.9",
    client: latin1("192.0.2.9"),
    lines: clientLines(latin1("192.0.2.9")),
    forwardedFor: latin1("192.0.2.9"),
    isTrusted: false,
    isForwardedWritten: false,
    requestIds: new RequestIds(),
    ...additions,
  };
  const end = putRequestHead(target, 6, head, memory, base, all, own);
  assert.ok(end <= target.length, `${end - 6} bytes in the room for ${target.length - 6}`);
  const text = textOf(target.subarray(6, end));
  if (own.isOpen) assert.match(text, /[^\n]\r\n$/);
  else assert.ok(text.endsWith("\r\n\r\n"));
  const lines = text.trimEnd().split("\r\n");
  return isWhole ? lines : lines.filter((line) => !/^(via|x-forwarded-\w+|x-request-id): /.test(line));
}

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines.flatMap((line) =>
    line.toLowerCase().startsWith(`${name}: `) ? [line.slice(name.length + 2).trim()] : [],
  );
}

const CLIENT = ascii("192.0.2.1");
const ADDITIONS: RequestAdditions = {
  clientText: "192.0.2.1",
  client: CLIENT,
  lines: clientLines(CLIENT),
  forwardedFor: CLIENT,
  isTrusted: false,
  isForwardedWritten: false,
  requestIds: new RequestIds(),
};
const ID = "0123456789abcdef0123456789abcdef";

function headOf(request: RequestText, change: (changes: RequestChanges) => void): string {
  const { head, memory, base } = parsed(request);
  const changes = new RequestChanges();
  change(changes);
  const target = new Uint8Array(requestHeadBytes(head, changes));
  return textOf(target.subarray(0, putRequestHead(target, 0, head, memory, base, ADDITIONS, changes)));
}

/** The request's line and the fields in order of their names, which says all but the order of different fields. */
function linesOf(text: string): string[] {
  const [line = "", ...fields] = text
    .replace(/x-request-id: [0-9a-f]{32}\r\n/, `x-request-id: ${ID}\r\n`)
    .split("\r\n");
  assert.deepEqual(fields.splice(-2), ["", ""]);
  const name = (field: string) => field.slice(0, field.indexOf(":")).toLowerCase();
  return [line, ...fields.sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0))];
}

const FIELD = fc.oneof(
  fc.constantFrom(
    "Connection: x-a",
    "connection: keep-alive",
    "Keep-Alive: 5",
    "TE: trailers",
    "X-A: 1",
    "X-Forwarded-For: 198.51.100.7",
    "Forwarded: for=x",
    "x-request-id: made-up",
    "Via: 1.1 other",
    "Upgrade: h2c",
    "Max-Forwards: 3",
    "Accept: */*",
  ),
  fc.stringMatching(/^x-[a-z]{1,40}: [!-~]{0,60}$/),
);

describe("the target", () => {
  it("may be another one", () => {
    assert.equal(
      written({ changes: { target: latin1("/new?x") }, request: { target: "/old" } })[0],
      "GET /new?x HTTP/1.1",
    );
    const absolute = { target: "http://b:1/old?y" };
    assert.deepEqual(written({ changes: { target: latin1("/new") }, request: absolute }), [
      "GET /new HTTP/1.1",
      "host: b:1",
    ]);
  });
});

describe("Host", () => {
  it("is kept, or another one, or the one of an absolute target", () => {
    assert.deepEqual(written({ request: { host: "a:81" } }), ["GET / HTTP/1.1", "Host: a:81"]);
    const changes = { host: latin1("new.test:8080") };
    for (const request of [{ host: "a:81" }, { host: "" }, { target: "http://b/" }]) {
      assert.deepEqual(written({ request, changes }), ["GET / HTTP/1.1", "host: new.test:8080"]);
    }
  });

  it("is left to the caller, with the end of the head", () => {
    for (const request of [
      { host: "a:81", fields: ["X-A: 1"] },
      { target: "http://b/", fields: ["X-A: 1"] },
    ]) {
      assert.deepEqual(written({ request, changes: { isOpen: true } }), ["GET / HTTP/1.1", "X-A: 1"]);
    }
    assert.equal(textOf(hostAndEnd("192.0.2.1:80")), "host: 192.0.2.1:80\r\n\r\n");
    assert.equal(textOf(hostAndEnd("unix:/run/a.sock")), "host: localhost\r\n\r\n");
  });
});

describe("Forwarded", () => {
  const additions = { isForwardedWritten: true };
  const forwarded = (request: RequestText, more: Partial<RequestAdditions> = {}): string[] =>
    valuesOf(written({ request, additions: { ...additions, ...more } }, true), "forwarded");

  it("names client, host and protocol", () => {
    assert.deepEqual(forwarded({ host: "a:81" }), ['for=192.0.2.9;host="a:81";proto=http']);
    assert.deepEqual(forwarded({ target: "http://b:82/" }), ['for=192.0.2.9;host="b:82";proto=http']);
    assert.deepEqual(forwarded({ host: "" }), ["for=192.0.2.9;proto=http"]);
    const client = { forwardedFor: latin1('"[2001:db8::1]"') };
    assert.deepEqual(forwarded({ host: "[::1]:8" }, client), ['for="[2001:db8::1]";host="[::1]:8";proto=http']);
  });

  it("is in the place of a client's claims, and behind a trusted proxy's", () => {
    const request = { fields: ["Forwarded: for=1.1.1.1;by=x", "X-A: 1", "forwarded: for=2.2.2.2"] };
    const own = 'for=192.0.2.9;host="a";proto=http';
    assert.deepEqual(forwarded(request), [own]);
    assert.deepEqual(forwarded(request, { isTrusted: true }), [`for=1.1.1.1;by=x, for=2.2.2.2, ${own}`]);
    const isNotWritten = { isForwardedWritten: false };
    assert.deepEqual(forwarded(request, isNotWritten), []);
    assert.deepEqual(forwarded(request, { ...isNotWritten, isTrusted: true }), ["for=1.1.1.1;by=x", "for=2.2.2.2"]);
  });

  it("is left out if a route names it", () => {
    const request = { fields: ["Forwarded: for=1.1.1.1"] };
    const edits = { set: [["Forwarded", "hidden"]] as const };
    for (const isTrusted of [false, true]) {
      const lines = written({ request, edits, additions: { ...additions, isTrusted } }, true);
      assert.deepEqual(valuesOf(lines, "forwarded"), ["hidden"]);
    }
  });
});

describe("changes to fields", () => {
  it("are removed, set, added, in that order and behind all others", () => {
    const request = { fields: ["X-A: 1", "X-B: 2", "x-a: 3", "X-C: 4"] };
    const edits = { remove: ["x-c"], set: [["X-A", "new"]] as const, add: [["x-b", "5"]] as const };
    assert.deepEqual(written({ request, edits }), ["GET / HTTP/1.1", "Host: a", "X-B: 2", "X-A: new", "x-b: 5"]);
  });

  it("win over what the proxy adds", () => {
    const names = ["via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id"];
    for (const isTrusted of [false, true]) {
      const additions = { isTrusted };
      for (const name of names) {
        assert.equal(valuesOf(written({ additions }, true), name).length, 1, name);
        const fields = isTrusted ? [`${name}: theirs`] : [];
        const request = { fields };
        assert.deepEqual(valuesOf(written({ request, additions, edits: { remove: [name] } }, true), name), [], name);
        const edits = { set: [[name, "mine"]] as const };
        assert.deepEqual(valuesOf(written({ request, additions, edits }, true), name), ["mine"], name);
      }
    }
  });

  it("win over Max-Forwards", () => {
    const request = { method: "OPTIONS", fields: ["Max-Forwards: 5"] };
    assert.deepEqual(valuesOf(written({ request }), "max-forwards"), ["4"]);
    assert.deepEqual(valuesOf(written({ request, edits: { remove: ["max-forwards"] } }), "max-forwards"), []);
    const edits = { set: [["max-forwards", "9"]] as const };
    assert.deepEqual(valuesOf(written({ request, edits }), "max-forwards"), ["9"]);
  });
});

describe("another body", () => {
  const request = {
    method: "POST",
    fields: ["Content-Length: 5", "X-A: 1", "Expect: 100-continue"],
  };

  it("has a framing of its own", () => {
    assert.deepEqual(written({ request, changes: { framing: 1234 } }), [
      "POST / HTTP/1.1",
      "Host: a",
      "X-A: 1",
      "content-length: 1234",
    ]);
    const chunked = { method: "POST", fields: ["Transfer-Encoding: chunked", "Trailer: x", "X-A: 1"] };
    for (const one of [request, chunked]) {
      const lines = written({ request: one, changes: { framing: FRAMING_IN_CHUNKS } });
      assert.deepEqual(lines, ["POST / HTTP/1.1", "Host: a", "X-A: 1", "transfer-encoding: chunked"]);
    }
  });
});

describe("the request's id", () => {
  it("is new, or the given one, or that of a trusted proxy", () => {
    const request = { fields: ["X-Request-ID: theirs"] };
    assert.match(valuesOf(written({ request }, true), "x-request-id").join(), /^[0-9a-f]{32}$/);
    const changes = { requestId: latin1("given") };
    assert.deepEqual(valuesOf(written({ request, changes }, true), "x-request-id"), ["given"]);
    const additions = { isTrusted: true };
    assert.deepEqual(valuesOf(written({ request, additions }, true), "x-request-id"), ["theirs"]);
    // A filter has written the head anew, so that what is there is believed.
    assert.deepEqual(valuesOf(written({ request, changes: { isCleaned: true } }, true), "x-request-id"), ["theirs"]);
  });
});

describe("maximumForwards()", () => {
  it("is a number, or none", () => {
    for (const [value, expected] of [
      ["0", 0],
      ["10", 10],
      ["007", 7],
      ["999999999", 999_999_999],
      ["9999999999", -1],
      ["", -1],
      ["-1", -1],
      ["1a", -1],
      ["1, 2", -1],
    ] as const) {
      const { head, memory, base } = parsed({ fields: [`Max-Forwards: ${value}`] });
      assert.equal(maximumForwards(head, memory, base), expected, value);
    }
    const { head, memory, base } = parsed({});
    assert.equal(maximumForwards(head, memory, base), -1);
  });
});

describe("requestHeadBytes()", () => {
  it("is enough, whatever is added", () => {
    const label = fc.string({ unit: fc.constantFrom(..."abc-.1"), minLength: 1, maxLength: 250 });
    const host = label.map((text) => `h${text.replace(/[.-]/g, "x")}`);
    const value = fc.string({ unit: fc.constantFrom(..."ab=;,1"), maxLength: 300 });
    fc.assert(
      fc.property(
        host,
        fc.option(host, { nil: null }),
        fc.array(fc.tuple(fc.constantFrom("Forwarded", "X-Forwarded-For", "Max-Forwards", "X-A"), value), {
          maxLength: 20,
        }),
        fc.boolean(),
        fc.constantFrom("GET", "OPTIONS"),
        fc.boolean(),
        (own, other, fields, isTrusted, method, isAbsolute) => {
          const request = {
            method,
            host: own,
            target: isAbsolute ? `http://${own}/` : "/",
            fields: fields.map(([name, text]) => `${name}:${text}`),
          };
          const client = latin1("2001:0db8:0000:0000:0000:0000:0000:0001");
          const forwardedFor = latin1(`"[${textOf(client)}]"`);
          written({
            request,
            additions: { client, forwardedFor, isTrusted, isForwardedWritten: true },
            changes: {
              host: other === null ? null : latin1(other),
              target: latin1(`/${"t".repeat(500)}`),
              framing: Number.MAX_SAFE_INTEGER,
            },
            edits: { set: [["x-set", "v".repeat(500)]], add: [["x-add", "v".repeat(500)]] },
          });
        },
      ),
    );
  });
});

describe("putRequestHead", () => {
  it("writes an ordinary head in few pieces as it would write it line by line", () => {
    const request = fc.record({
      method: fc.constantFrom("GET", "POST", "OPTIONS", "M-SEARCH"),
      target: fc.constantFrom("/", "/a/b?c=d", "http://other/x", `/${"long".repeat(50)}`),
      host: fc.constantFrom("a", "example.org:8080", "[2001:db8::1]"),
      fields: fc.array(FIELD, { maxLength: 12 }),
    });
    fc.assert(
      fc.property(request, (text) => {
        const byLine = headOf(text, (changes) => {
          // Edits, be they none, make a request that is no ordinary one.
          changes.edits = new HeaderEdits({ set: [], add: [], remove: [] });
        });
        const withId = headOf(text, (changes) => {
          changes.requestId = ascii(ID);
        });
        assert.deepEqual(linesOf(headOf(text, () => {})), linesOf(byLine));
        assert.deepEqual(linesOf(withId), linesOf(byLine));
        assert.ok(withId.includes(ID));
      }),
    );
  });

  it("says where a request comes from, and not what its client says about that", () => {
    const fields = ["Connection: close", "X-Forwarded-For: 10.0.0.1", "Accept: */*", "Forwarded: for=10.0.0.1"];
    assert.deepEqual(linesOf(headOf({ method: "POST", target: "/x", host: "b:81", fields }, () => {})), [
      "POST /x HTTP/1.1",
      "Accept: */*",
      "Host: b:81",
      "via: 1.1 ringway",
      "x-forwarded-for: 192.0.2.1",
      "x-forwarded-host: b:81",
      "x-forwarded-proto: http",
      `x-request-id: ${ID}`,
    ]);
  });
});
