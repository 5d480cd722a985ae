import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { RingwayError } from "./errors.ts";
import { detectRuntime, type Runtime, runtime } from "./runtime.ts";

/** What using a runtime throws; every part of it throws the same. */
function refusal(unsupported: Runtime): string {
  const messages = (["name", "environment", "open"] as const).map((part) => {
    try {
      return String(unsupported[part]);
    } catch (error) {
      assert.ok(error instanceof RingwayError);
      assert.equal(error.code, "ERR_RUNTIME");
      return error.message;
    }
  });
  assert.equal(new Set(messages).size, 1, String(messages));
  return messages[0] ?? "";
}

const bun = (version: string): object => ({ Bun: { version, isMainThread: true, env: {} } });
const deno = (version: string): object => ({ Deno: { version: { deno: version } } });

describe("the runtime", () => {
  it("is the one that runs this", () => {
    assert.ok(process.versions[runtime.name] !== undefined, runtime.name);
    assert.equal(process.versions[runtime.name], runtime.version);
  });

  it("may be the oldest that will do, or newer", () => {
    for (const version of ["1.4.0", "1.4.5", "1.10.0", "2.0.0", "1.5.0-canary.20270101"]) {
      assert.equal(detectRuntime(bun(version)).version, version);
    }
    for (const version of ["2.8.0", "2.9.6", "2.10.1", "3.0.0-rc.1"]) {
      assert.equal(detectRuntime(deno(version)).version, version);
    }
  });

  it("can be too old, which is said when it is used, with how to renew it", () => {
    for (const version of ["1.3.14", "0.9.0"]) {
      assert.match(
        refusal(detectRuntime(bun(version))),
        new RegExp(`^ringway needs Bun 1\\.4 or newer.*: this is bun ${version}, .*\`bun upgrade\``),
      );
    }
    for (const version of ["2.7.14", "1.46.3"]) {
      assert.match(
        refusal(detectRuntime(deno(version))),
        new RegExp(`Deno 2\\.8 or newer: this is deno ${version}, .*\`deno upgrade\``),
      );
    }
  });

  it("can be another one altogether, which is said when it is used", () => {
    assert.match(refusal(detectRuntime({})), /^ringway needs Bun .*, or Deno .*: this is neither$/);
  });
});
