import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunResult } from "../results.ts";
import { chooseParts, whyLeftOut } from "./choice.ts";
import { mergeRuns } from "./merge.ts";
import type { SavedRun } from "./saved_results.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

const first = testRun([testWorkload("tcp-4k", [testSubject("nginx", [{ cpu: 1 }])]), testWorkload("tcp-64k", [])], {
  command: "one",
  versions: { "ringway's commit": "aaa", nginx: "1", envoy: "2" },
});
const second = testRun([testWorkload("tcp-4k", [testSubject("nginx", [{ cpu: 2 }])]), testWorkload("http-4k", [])], {
  command: "two",
  date: "2030-02-01T00:00:00.000Z",
  versions: { "ringway's commit": "bbb", nginx: "1", wrk: "3" },
  remarks: ["nothing is pinned", "more"],
});

describe("several runs", () => {
  const run = mergeRuns([
    { name: "1.json", run: first },
    { name: "2.json", run: second },
  ]);

  it("become one with the workloads of all, those of the first where there are several", () => {
    assert.deepEqual(
      run.workloads.map(({ name }) => name),
      ["tcp-4k", "tcp-64k", "http-4k"],
    );
    assert.deepEqual(run.workloads[0], first.workloads[0]);
    assert.equal(run.command, "one\ntwo");
    assert.equal(run.date, first.date);
    assert.deepEqual(run.versions, { "ringway's commit": "aaa", nginx: "1", envoy: "2", wrk: "3" });
  });

  it("say which workloads were measured another time, with another state of ringway", () => {
    assert.deepEqual(run.remarks, [
      "http-4k: of 2.json, measured on 2030-02-01, ringway's commit bbb",
      "nothing is pinned",
      "more",
    ]);
  });

  it("have what was measured in place of what was not", () => {
    const skipped = testRun([testWorkload("tcp-4k", [], [], "wrk missing")]);
    const joined = mergeRuns([
      { name: "1.json", run: skipped },
      { name: "2.json", run: { ...second, versions: skipped.versions } },
    ]);
    assert.deepEqual(joined.workloads[0], second.workloads[0]);
  });

  it("are not joined if their figures are not of the same things", () => {
    const refuse = (changes: Partial<RunResult>, what: RegExp): void =>
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

describe("the parts that join a full run", () => {
  const base: SavedRun = { name: "2030-01-31-1405-full.json", run: first };
  const part = (day: string, workload: string, changes: Partial<RunResult> = {}): SavedRun => ({
    name: `2030-02-${day}-0000-part.json`,
    run: testRun([testWorkload(workload, []), testWorkload("tcp-4k", [])], {
      scope: "part",
      versions: first.versions,
      ...changes,
    }),
  });
  const namesOf = (...parts: readonly SavedRun[]): string[] =>
    chooseParts(base, parts).map(({ run }) => run.workloads[0]?.name ?? "");

  it("are the newest with what it lacks", () => {
    assert.deepEqual(namesOf(part("01", "workers"), part("02", "micro")), ["micro", "workers"]);
    const [newest] = chooseParts(base, [part("01", "micro"), part("02", "micro")]);
    assert.equal(newest?.name, "2030-02-02-0000-part.json");
    assert.deepEqual(namesOf(part("01", "tcp-64k")), []);
    const skipped = testRun([testWorkload("micro", [], [], "wrk missing")], { versions: first.versions });
    assert.deepEqual(namesOf({ name: "2030-02-01-0000-part.json", run: skipped }), []);
  });

  it("may be of another commit, and of nothing else", () => {
    const versions = { ...first.versions, "ringway's commit": "zzz" };
    assert.deepEqual(namesOf(part("01", "micro", { versions })), ["micro"]);
    const other = part("01", "micro", { versions: { nginx: "2" } });
    assert.deepEqual(namesOf(other), []);
    assert.match(whyLeftOut(base, other.run), /^the versions are not those of 2030-01-31-1405-full\.json$/);
    assert.match(whyLeftOut(base, part("01", "tcp-64k").run), /^all of it is in /);
    assert.match(whyLeftOut(base, { ...first, scope: "quick" }), /^it is a quick look/);
  });
});
