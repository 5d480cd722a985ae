import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Head } from "../../../http/head.ts";
import { FIELD_DATE, FIELD_OTHER, FIELD_SERVER, FIELD_VIA } from "../../../http/known_fields.ts";
import { defaultHttpLimits } from "../../../http/limits.ts";
import { METHOD_GET } from "../../../http/methods.ts";
import { parseResponseHead } from "../../../http/parse_head.ts";
import { latin1, textOf } from "../../../http/test_messages.ts";
import { put } from "../bytes.ts";
import { fieldTable, putFields } from "../fields.ts";
import { checkFieldName, checkFieldValue, HeaderEdits } from "./header_edits.ts";
import type { HeaderChanges } from "./route_options.ts";
import { parsed } from "./test_routes.ts";

const NONE: HeaderChanges = { set: [], add: [], remove: [] };
const NOTHING = fieldTable([]);

/** The lines that are forwarded. */
function linesAfter(changes: Partial<HeaderChanges>, fields: readonly string[]): string[] {
  const edits = new HeaderEdits({ ...NONE, ...changes });
  const { head, memory, base } = parsed({ host: "", fields });
  const target = new Uint8Array(head.length + edits.maximumBytes);
  edits.mark(head, memory, base);
  let end = putFields(target, 0, head, memory, base, NOTHING, -1, -1);
  end = put(target, end, edits.appended);
  return new TextDecoder().decode(target.subarray(0, end)).split("\r\n").slice(0, -1);
}

describe("HeaderEdits", () => {
  it("removes, then sets, then adds, and keeps the case of names", () => {
    const fields = ["X-A: 1", "x-b: 2", "Via: 1.1 y", "x-a: 3", "X-C: 4", "Server: z"];
    const changes: HeaderChanges = {
      remove: ["x-b", "SERVER"],
      set: [
        ["X-a", "new"],
        ["via", ""],
      ],
      add: [
        ["X-C", "ü"],
        ["X-B", "again"],
      ],
    };
    assert.deepEqual(linesAfter(changes, fields), ["X-C: 4", "X-a: new", "via: ", "X-C: ü", "X-B: again"]);
  });

  it("changes nothing without changes", () => {
    assert.deepEqual(linesAfter({}, ["X-A: 1", "Via: x"]), ["X-A: 1", "Via: x"]);
    assert.equal(new HeaderEdits(NONE).maximumBytes, 0);
  });

  it("says what the writer of a head leaves out", () => {
    const edits = new HeaderEdits({ set: [["Date", "x"]], add: [["Via", "y"]], remove: ["SERVER", "X-Own"] });
    assert.deepEqual([edits.named[FIELD_DATE], edits.named[FIELD_SERVER], edits.named[FIELD_VIA]], [1, 1, 0]);
    assert.equal(edits.named[FIELD_OTHER], 0);
    const names = ["date", "server", "x-own", "via"];
    assert.deepEqual(
      names.map((name) => edits.isNamed(name)),
      [true, true, true, false],
    );
  });

  it("is the same for responses", () => {
    const bytes = latin1("HTTP/1.1 200 OK\r\nServer: x\r\nX-A: y\r\nx-a: z\r\nContent-Length: 0\r\n\r\n");
    const head = new Head(defaultHttpLimits);
    assert.equal(parseResponseHead(head, bytes, 0, bytes.length, METHOD_GET), bytes.length);
    new HeaderEdits({ ...NONE, remove: ["server", "x-a"] }).mark(head, bytes, 0);
    const target = new Uint8Array(bytes.length);
    const end = putFields(target, 0, head, bytes, 0, NOTHING, -1, -1);
    assert.equal(textOf(target.subarray(0, end)), "Content-Length: 0\r\n");
  });

  it("removes exactly the fields that are named", () => {
    const name = fc.constantFrom(
      "X-A",
      "x-a",
      "x-ab",
      "X-B",
      "Accept",
      "accept",
      "Via",
      "X-Real-IP",
      "Cookie",
      "Server",
    );
    fc.assert(
      fc.property(fc.array(name), fc.array(name), fc.array(name), (present, remove, set) => {
        const fields = present.map((field, index) => `${field}: ${index}`);
        const gone = new Set([...remove, ...set].map((field) => field.toLowerCase()));
        const kept = fields.filter((_, index) => !gone.has((present[index] ?? "").toLowerCase()));
        const values = set.map((field, index) => [field, `v${index}`] as const);
        const appended = values.map(([field, value]) => `${field}: ${value}`);
        assert.deepEqual(linesAfter({ remove, set: values }, fields), [...kept, ...appended]);
      }),
    );
  });

  it("refuses what can't be sent", () => {
    for (const changes of [
      { remove: ["Host"] },
      { set: [["Content-Length", "1"]] },
      { add: [["a b", "x"]] },
      { add: [["a", "x\r\ny: z"]] },
      { set: [["a", " x"]] },
    ] as const) {
      assert.throws(() => new HeaderEdits({ ...NONE, ...changes }), { code: "ERR_CONFIG" }, JSON.stringify(changes));
    }
  });
});

describe("checkFieldName()", () => {
  it("refuses what frames a message, is for one connection, or is no token", () => {
    for (const name of [
      "Content-Length",
      "transfer-encoding",
      "CONNECTION",
      "Keep-Alive",
      "Upgrade",
      "TE",
      "Trailer",
      "Host",
      "Proxy-Connection",
    ]) {
      assert.match(checkFieldName(name) ?? "", /can't be changed: ./, name);
    }
    assert.match(checkFieldName("host") ?? "", /rewrite\.host/);
    for (const name of ["", "a b", "a:", "a\r\n", "ü"]) assert.match(checkFieldName(name) ?? "", /token/, name);
    for (const name of ["a", "X-Y_z", "constructor", "Cookie"]) assert.equal(checkFieldName(name), null, name);
  });
});

describe("checkFieldValue()", () => {
  it("refuses control characters, and spaces around it", () => {
    for (const value of ["\0", "a\rb", "a\nb", "a\tb", "\x7f"]) {
      assert.match(checkFieldValue(value) ?? "", /control character/, JSON.stringify(value));
    }
    for (const value of [" ", " a", "a "]) assert.match(checkFieldValue(value) ?? "", /space/, value);
    for (const value of ["", "a", "a b", "ü", '"x"; y=z']) assert.equal(checkFieldValue(value), null, value);
  });
});
