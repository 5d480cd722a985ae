import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PROJECT } from "../../test/runner/process.ts";
import { chooseName, fileName, formatRun, parseRun, withoutPlaces } from "./saved_results.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

describe("the name of a file of raw results", () => {
  it("has when it began and how much was run", () => {
    assert.equal(fileName({ date: "2030-01-31T14:05:09.000Z", scope: "part" }), "2030-01-31-1405-part.json");
    assert.throws(() => fileName({ date: "yesterday", scope: "full" }), /Not a date: "yesterday"/);
  });

  it("decides which one counts: the newest full run, then the newest part, then the newest look", () => {
    const full = ["2030-01-01-0000-full.json", "2030-01-02-0000-full.json"];
    const others = ["2031-01-01-0000-part.json", "2032-01-01-0000-quick.json", "notes.md"];
    assert.equal(chooseName([...full, ...others]), "2030-01-02-0000-full.json");
    assert.equal(chooseName(others), "2031-01-01-0000-part.json");
    assert.equal(chooseName(["notes.md"]), null);
  });
});

describe("raw results", () => {
  it("are read as they were written", () => {
    const run = testRun([testWorkload("tcp-4k", [testSubject("nginx", [{ cpu: 1 }], "a failure")])]);
    assert.deepEqual(parseRun("a.json", formatRun(run)), { name: "a.json", run });
  });

  it("are refused if they are something else", () => {
    assert.throws(() => parseRun("a.json", '{"workloads": []}'), /a\.json has no results of the benchmark/);
  });

  it("have no folders of the machine wherever a program's words are", () => {
    const place = "/srv/secret/proxy.ts";
    const workload = testWorkload("tcp-4k", [testSubject("mine", [], `${place} failed`)]);
    const sample = { values: { cpu: 1 }, notes: [place], raw: { out: [place] } };
    const run = testRun(
      [
        { ...workload, subjects: [...workload.subjects, { ...testSubject("nginx", []), samples: [sample] }] },
        testWorkload("tcp-64k", [], [], `${place} missing`),
      ],
      { command: `bench --extra mine=${place}`, versions: { mine: place }, remarks: [place] },
    );
    const text = formatRun(run);
    assert.doesNotMatch(text, /secret/);
    assert.equal(text.split("…/proxy.ts").length - 1, 7);
  });
});

describe("texts without places", () => {
  it("keep what is in the project and in the system", () => {
    assert.equal(withoutPlaces(`${PROJECT}/bench/a.conf`, "localhost"), "./bench/a.conf");
    for (const text of ["/usr/sbin/nginx -c", "http://127.0.0.1:1/4k/x", "user/system/x", "a /4k", "./a/b", "~/a/b"]) {
      assert.equal(withoutPlaces(text, "localhost"), text);
    }
  });

  it("lose other folders and the name of the machine", () => {
    assert.equal(withoutPlaces("'/srv/a/b.so'", "localhost"), "'…/b.so'");
    assert.equal(withoutPlaces("at build-7.example", "build-7.example"), "at HOST");
    assert.equal(withoutPlaces("nginx on nginx", "nginx"), "nginx on nginx");
  });
});
