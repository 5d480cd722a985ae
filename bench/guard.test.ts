import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge } from "./guard.ts";
import type { SubjectResult, WorkloadResult } from "./results.ts";

function subject(name: string, costs: readonly number[], failure: string | null = null): SubjectResult {
  const samples = costs.map((cpu) => ({ values: { cpu }, notes: [], raw: null }));
  return { name, isOurs: name !== "limit", samples, failure };
}

function result(...subjects: readonly SubjectResult[]): WorkloadResult {
  return { name: "tcp-4k", description: "", metrics: [], skipped: null, subjects };
}

const LIMIT = subject("limit", [10, 20, 10]);

describe("the performance guard", () => {
  it("is content with a small loss, and with one bad round", () => {
    const { text, isGood } = judge(result(subject("ringway-bun", [12, 30, 50]), LIMIT));
    assert.match(text, /ringway-bun 1\.50 \(1\.20-5\.00\)$/);
    assert.equal(isGood, true);
  });

  it("fails after a gross loss of one of them", () => {
    const { text, isGood } = judge(result(subject("ringway-bun", [10, 20, 10]), subject("b", [21, 41, 25]), LIMIT));
    assert.match(text, /ringway-bun 1\.00 .*, b 2\.10 /);
    assert.equal(isGood, false);
  });

  it("fails when ringway does not work, and not when the limit does not", () => {
    const broken = judge(result(subject("ringway-deno", [10], "it broke"), LIMIT));
    assert.match(broken.text, /ringway-deno failed: it broke/);
    assert.equal(broken.isGood, false);
    const skipped = judge(result(subject("ringway-bun", [10]), subject("limit", [], "no ring")));
    assert.match(skipped.text, /^skipped: .*no ring/);
    assert.equal(skipped.isGood, true);
  });
});
