import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PROJECT } from "../../test/runner/process.ts";
import { findStale, generateFiles, PAGE } from "./generated.ts";
import { sourcesOf } from "./results_page.ts";
import { chooseName, savedNames } from "./saved_results.ts";
import { testRun, testSubject, testWorkload } from "./test_runs.ts";

const names = await savedNames();
const newest = chooseName(names);
/** Without results there is nothing to compare. */
const options = { skip: newest === null && "bench/results/ has no results yet: npx bun run bench --save" };
const HINT = "npx -y bun bench/report/write_results.ts";

describe("files that are made from raw results", () => {
  const sources = (): string[] => sourcesOf(readFileSync(join(PROJECT, PAGE), "utf8"));

  it("are what the results give that they name", options, async () => {
    assert.ok(sources().length > 0, `${PAGE} names no results: ${HINT}`);
    assert.deepEqual(await findStale(sources()), [], `stale: ${HINT} ${sources().join(" ")}`);
  });

  it("are of the newest full run", options, () => {
    const full = names.filter((name) => name.endsWith("-full.json")).at(-1);
    if (full !== undefined) assert.ok(sources().includes(full), `${PAGE} is not of ${full}: ${HINT}`);
  });
});

it("the generated files are the page, the README and the charts", () => {
  const run = testRun([testWorkload("http-post", [testSubject("nginx", [{ cpu: 40 }])])]);
  const readme = readFileSync(join(PROJECT, "README.md"), "utf8");
  const files = generateFiles([{ name: "a.json", run }], readme);
  assert.deepEqual([...files.keys()], ["bench/RESULTS.md", "README.md", "bench/charts/cost.svg"]);
  assert.ok(files.get("README.md")?.includes("bench/charts/cost.svg"));
});
