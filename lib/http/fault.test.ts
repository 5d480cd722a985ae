import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { FAULT, type HttpFaults } from "./fault.ts";
import { BAD_BODIES } from "./test_bad_bodies.ts";
import { BAD_REQUESTS, BAD_RESPONSES } from "./test_bad_heads.ts";

const VECTORS = { requests: BAD_REQUESTS, responses: BAD_RESPONSES, bodies: BAD_BODIES } as const;
const NAMES = Object.keys(FAULT) as (keyof HttpFaults)[];
const documentation = readFileSync(new URL("../../docs/http-rules.md", import.meta.url), "utf8");

function vectorsOf(fault: keyof HttpFaults): string[] {
  return Object.entries(VECTORS).flatMap(([kind, list]) => (list.some(([name]) => name === fault) ? [kind] : []));
}

describe("every fault", () => {
  it("has a code of its own, a status, and one sentence", () => {
    assert.equal(new Set(NAMES.map((name) => FAULT[name].code)).size, NAMES.length);
    for (const name of NAMES) {
      const { status, code, message, section } = FAULT[name];
      assert.ok([400, 413, 414, 431, 501, 502, 505].includes(status), code);
      assert.match(code, /^ERR_HTTP_[A-Z_]+$/);
      assert.match(message, /^[A-Z].*[^.]$/);
      assert.match(section, /^RFC \d{4} \d+(\.\d+)*$/);
    }
  });

  it("is tried by a vector, and described in docs/http-rules.md", () => {
    const rows = documentation.split("\n").filter((line) => line.includes("`ERR_HTTP_"));
    const expected = NAMES.map((name) => {
      const { status, code, message, section } = FAULT[name];
      const vectors = vectorsOf(name);
      assert.ok(vectors.length > 0, `no vector for ${name}`);
      return `| ${message} | ${status} | \`${code}\` | ${section} | ${vectors.join(", ")} |`;
    });
    assert.deepEqual(rows.sort(), expected.sort());
  });
});

describe("docs/http-rules.md", () => {
  it("names tests that are there", () => {
    const folder = new URL("./", import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
    const tests = files.map((name) => readFileSync(new URL(name, folder), "utf8")).join("");
    const accepted = documentation.slice(documentation.indexOf("## Unusual"), documentation.indexOf("## What is not"));
    const rows = accepted
      .split("\n")
      .slice(4)
      .filter((line) => line.startsWith("|"));
    assert.ok(rows.length > 10);
    for (const row of rows) {
      const name = /\| `([^`]+)` \|$/.exec(row)?.[1] ?? "";
      assert.ok(name !== "" && tests.includes(name.replace(/ \.\.\.$/, "")), row);
    }
  });
});
