import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mergeRuns } from "./merge.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

const first = testRun([testWorkload("tcp-4k", [testSubject("nginx", [{ cpu: 1 }])]), testWorkload("tcp-64k", [])], {
  command: "one",
});
const second = testRun([testWorkload("tcp-4k", [testSubject("nginx", [{ cpu: 2 }])]), testWorkload("http-4k", [])], {
  command: "two",
  remarks: ["nothing is pinned", "more"],
});

describe("several runs", () => {
  it("become one with the workloads of all, the last ones of those that were measured again", () => {
    const run = mergeRuns([
      { name: "1.json", run: first },
      { name: "2.json", run: second },
    ]);
    assert.deepEqual(
      run.workloads.map(({ name }) => name),
      ["tcp-4k", "tcp-64k", "http-4k"],
    );
    assert.deepEqual(run.workloads[0], second.workloads[0]);
    assert.equal(run.command, "one\ntwo");
    assert.deepEqual(run.remarks, ["nothing is pinned", "more"]);
  });

  it("don't if their figures are not of the same things", () => {
    const refuse = (changes: Partial<typeof first>, what: RegExp): void =>
      assert.throws(
        () =>
          mergeRuns([
            { name: "1.json", run: first },
            { name: "2.json", run: { ...second, ...changes } },
          ]),
        what,
      );
    refuse({ versions: { nginx: "2" } }, /2\.json can't be joined with 1\.json: the versions differ/);
    refuse({ machine: { ...first.machine, kernel: "7" } }, /the machines differ/);
    refuse({ settings: { ...first.settings, seconds: 99 } }, /the settings differ/);
    assert.throws(() => mergeRuns([]), /no results/);
  });
});
