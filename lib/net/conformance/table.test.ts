/** The table in docs/conformance.md names tests that exist. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { conformanceTestNames } from "./suite.ts";

const TABLE = readFileSync(new URL("../../../docs/conformance.md", import.meta.url), "utf8");
/** Where tests besides the suite's are. */
const FOLDERS = ["../uring/", "../../ring/"];

/** The cells with our tests: the last ones of each row. */
function cells(): string[] {
  return TABLE.split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| case "))
    .map((line) => line.split(" | ").at(-1) as string);
}

/** The names of tests in a file, as patterns where they have a part that is filled in. */
function namesIn(source: string): RegExp[] {
  const literals = source.matchAll(/\b(?:test|uringTest|name =)[\s(]*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g);
  return [...literals].map(([, plain, template]) => {
    const name = plain ?? template ?? "";
    const parts = name.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".+")}$`);
  });
}

const others = FOLDERS.flatMap((folder) => {
  const url = new URL(folder, import.meta.url);
  const files = readdirSync(url).filter((file) => file.endsWith(".test.ts"));
  return files.flatMap((file) => namesIn(readFileSync(new URL(file, url), "utf8")));
});
const suite = new Set(conformanceTestNames());

function exists(name: string): boolean {
  return suite.has(name) || others.some((pattern) => pattern.test(name));
}

test("every test that the table names exists", () => {
  // Files are in backticks too.
  const named = cells().flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string));
  const tests = named.filter((name) => name.includes(" "));
  assert.ok(tests.length > 80, `${tests.length} names were found`);
  assert.deepEqual(
    tests.filter((name) => !exists(name)),
    [],
  );
});

test("every case has a test or a reason", () => {
  assert.ok(cells().length > 80);
  for (const cell of cells()) assert.match(cell, /`.+`|none: /, cell);
});

test("the names of the suite's tests are all different", () => {
  const names = conformanceTestNames();
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test("a test that does not exist is found to be missing", () => {
  assert.equal(exists("connects, and both ends hear of it"), true);
  assert.equal(exists("works without multishot receive, parked"), true);
  assert.equal(exists("connects, and nobody hears of it"), false);
});
