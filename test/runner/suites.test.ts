/**
 * What the test command reads from the runtimes' reports.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countTests, testFiles } from "./suites.ts";

const DENO_REPORT = `<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.015">
  <testcase name="outer" classname="a.test.ts"><failure message="1 failed">1 failed</failure></testcase>
  <testcase name="outer &gt; inner" classname="a.test.ts"></testcase>
  <testcase name="outer &gt; inner &gt; a" classname="a.test.ts"></testcase>
  <testcase name="outer &gt; inner &gt; b" classname="a.test.ts"><skipped/></testcase>
  <testcase name="outer &gt; c" classname="a.test.ts"><failure message="Uncaught">Uncaught</failure></testcase>
  <testcase name="alone" classname="a.test.ts"></testcase>
</testsuites>`;

const BUN_REPORT = `<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.02">
  <testsuite name="outer" tests="3">
    <testcase name="a" classname="outer" time="0.01" />
    <testcase name="b" classname="outer" time="0"><skipped /></testcase>
    <testcase name="c" classname="outer" time="0"><failure type="AssertionError" /></testcase>
  </testsuite>
</testsuites>`;

describe("the counts of a report", () => {
  it("are of Deno's tests, not of its suites", () => {
    assert.deepEqual(countTests("deno", DENO_REPORT), { passed: 2, failed: 1, skipped: 1 });
  });

  it("are of Bun's tests", () => {
    assert.deepEqual(countTests("bun", BUN_REPORT), { passed: 1, failed: 1, skipped: 1 });
  });

  it("are zero where there is no report", () => {
    assert.deepEqual(countTests("bun", ""), { passed: 0, failed: 0, skipped: 0 });
  });
});

describe("the files of the tests", () => {
  it("are found in every folder, by any of several parts of their paths", async () => {
    const all = await testFiles([]);
    assert.ok(all.includes("test/runner/suites.test.ts"));
    assert.ok(all.every((file) => file.endsWith(".test.ts") && !file.includes("node_modules")));
    assert.deepEqual(await testFiles(["runner/suites", "no such file"]), ["test/runner/suites.test.ts"]);
  });
});
