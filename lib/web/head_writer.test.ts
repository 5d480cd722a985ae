import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { textOf } from "../http/test_messages.ts";
import { HeadWriter } from "./head_writer.ts";

describe("a head that is written", () => {
  it("has what was put in, a byte for each character", () => {
    const writer = new HeadWriter();
    writer.begin();
    writer.line("HTTP/1.1 200 \xfcbrig");
    writer.field("x-a", "\xe4\tb");
    writer.field("x-empty", "");
    assert.equal(textOf(writer.end()), "HTTP/1.1 200 \xfcbrig\r\nx-a: \xe4\tb\r\nx-empty: \r\n\r\n");
    writer.begin();
    writer.field("x".repeat(5000), "y".repeat(100_000));
    assert.equal(writer.end().length, 5000 + 2 + 100_000 + 4);
    writer.begin();
    assert.equal(textOf(writer.end()), "\r\n");
  });

  it("has nothing in it that would be another line", () => {
    const writer = new HeadWriter();
    for (const value of ["a\r\nb", "a\nb", "a\rb", "a\0b", "a\x7f", "\u0100", "\u{1f600}"]) {
      writer.begin();
      assert.throws(() => writer.field("x", value), TypeError, JSON.stringify(value));
      assert.throws(() => writer.line(value), TypeError, JSON.stringify(value));
    }
    for (const name of ["a b", "a:", "\xe4", "a\r\n"]) assert.throws(() => writer.field(name, ""), TypeError, name);
  });
});
