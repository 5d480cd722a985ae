import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { code, escapeMarkdown, markdownList, markdownTable } from "./markdown.ts";

describe("markdown", () => {
  it("has texts in which nothing is markup, on one line", () => {
    assert.equal(escapeMarkdown("a|b *c* <d>\n`e` [f](g)"), "a\\|b \\*c\\* \\<d\\> \\`e\\` \\[f\\](g)");
  });

  it("cuts off very long texts", () => {
    assert.equal(escapeMarkdown("x".repeat(1000)), `${"x".repeat(400)}…`);
  });

  it("has code that its own quotes don't end", () => {
    assert.equal(code("a b"), "`a b`");
    assert.equal(code("a `b` | c"), "``a `b` \\| c``");
    assert.equal(code("`a`"), "`` `a` ``");
  });

  it("has tables with numbers on the right, and lists", () => {
    assert.equal(markdownTable(["", "ms"], [["a", "1"]]), "|  | ms |\n| --- | --: |\n| a | 1 |\n");
    assert.equal(markdownList(["a", "b"]), "- a\n- b\n");
    assert.equal(markdownList([]), "");
  });
});
