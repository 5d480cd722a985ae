/**
 * Fields as filters change them: nothing gets into a head that is no field.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkReply, makeReply } from "./filter_reply.ts";
import { HeadFields } from "./head_fields.ts";

function fields(...list: readonly (readonly [name: string, value: string])[]): HeadFields {
  return new HeadFields(
    list.map(([name]) => name),
    list.map(([, value]) => value),
  );
}

describe("fields", () => {
  it("are found in any case, one or all of them", () => {
    const some = fields(["X-A", "1"], ["x-b", "2"], ["x-a", "3"]);
    assert.equal(some.get("X-a"), "1, 3");
    assert.deepEqual(some.getAll("x-A"), ["1", "3"]);
    assert.equal(some.get("x-c"), null);
    assert.equal(some.has("X-B"), true);
    assert.deepEqual(
      [...some].map(([name]) => name),
      ["x-a", "x-b", "x-a"],
    );
    assert.equal(some.isChanged, false);
  });

  it("are set, added and deleted", () => {
    const some = fields(["X-A", "1"], ["x-b", "2"], ["x-a", "3"]);
    some.set("x-A", "4");
    some.append("x-b", "5");
    assert.deepEqual([some.getAll("x-a"), some.getAll("x-b")], [["4"], ["2", "5"]]);
    some.delete("X-B");
    assert.equal(some.lines(null), "x-A: 4\r\n");
    assert.equal(some.isChanged, true);
  });

  it("do not change by the deletion of what is not there", () => {
    const some = fields(["x-a", "1"]);
    some.delete("x-b");
    assert.equal(some.isChanged, false);
  });

  it("have the host that they are given", () => {
    assert.equal(fields(["X-A", "1"], ["Host", "a"]).lines("b"), "X-A: 1\r\nHost: b\r\n");
    assert.equal(fields(["X-A", "1"]).lines("b"), "host: b\r\nX-A: 1\r\n");
    assert.equal(fields(["X-A", "1"]).lines(""), "X-A: 1\r\n");
  });

  it("are one line each, whatever is tried", () => {
    const character = fc.oneof(fc.constantFrom("\r", "\n", ":", " ", "\t", "\0", "\u010a", "\x85"), fc.string());
    const text = fc.array(character, { maxLength: 6 }).map((all) => all.join(""));
    fc.assert(
      fc.property(text, text, (name, value) => {
        const some = fields();
        try {
          some.append(name, value);
        } catch (error) {
          assert.ok(error instanceof TypeError);
          return;
        }
        assert.equal(some.lines(null), `${name}: ${value}\r\n`);
        assert.match(
          some.lines(null),
          /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n$/,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("that the proxy answers for stay as they are", () => {
    const own = ["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "host"];
    for (const name of own) {
      const some = fields([name, "1"]);
      assert.throws(() => some.set(name.toUpperCase(), "2"), TypeError);
      assert.throws(() => some.append(name, "2"), TypeError);
      assert.throws(() => some.delete(name), TypeError);
      assert.equal(some.get(name), "1");
    }
  });
});

describe("a filter's reply", () => {
  it("has text as UTF-8, or bytes", () => {
    assert.deepEqual(makeReply(200, "\xe9", {}).body, Uint8Array.of(0xc3, 0xa9));
    assert.deepEqual(makeReply(599, Uint8Array.of(1), { "X-A": "b" }).fields, [["X-A", "b"]]);
  });

  it("is refused if it can't be sent", () => {
    const good = { status: 200, body: new Uint8Array(), fields: [["x-a", "b"]] };
    assert.equal(checkReply(good).status, 200);
    const bad: readonly unknown[] = [
      null,
      true,
      "text",
      [],
      {},
      new Response(),
      { ...good, status: 199 },
      { ...good, status: 200.5 },
      { ...good, status: "200" },
      { ...good, body: "text" },
      { ...good, fields: { "x-a": "b" } },
      { ...good, fields: [["x-a"]] },
      { ...good, fields: [["x-a", "b\r\nx-c: d"]] },
      { ...good, fields: [["content-length", "5"]] },
    ];
    for (const value of bad) assert.throws(() => checkReply(value), /TypeError|RangeError/, JSON.stringify(value));
  });
});
