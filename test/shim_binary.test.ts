/**
 * The shim as a file: it needs no other library, offers nothing but its own functions, and loads under musl.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { SYMBOLS } from "../ffi/abi.ts";
import { LIBRARY_BASE64, LIBRARY_SHA256 } from "../ffi/embedded/x86_64.ts";
import { readSharedLibrary } from "./support/elf.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const BUILT = join(PROJECT, "zig-out/lib/libringway.so");
const MUSL = join(PROJECT, ".tools/musl/lib/ld-musl-x86_64.so.1");
const PROGRAM = join(PROJECT, "zig-out/bin/load_under_musl");
const embedded = Uint8Array.from(atob(LIBRARY_BASE64), (character) => character.charCodeAt(0));

/** Why a test that reads these files is skipped. */
function absent(...paths: string[]): string | false {
  const missing = paths.filter((path) => !existsSync(path));
  return missing.length > 0 && `the test command has not made ${missing.join(" and ")}`;
}

function checkLibrary(bytes: Uint8Array): void {
  const library = readSharedLibrary(bytes);
  assert.deepEqual(library.needed, []);
  assert.deepEqual(library.undefined, []);
  assert.deepEqual([...library.exported].sort(), Object.keys(SYMBOLS).sort());
}

describe("the shim's file", () => {
  it("needs no library and no symbol, and exports the functions of the ABI alone, as embedded", () => {
    checkLibrary(embedded);
  });

  it("does so as built", { skip: absent(BUILT) }, () => {
    checkLibrary(readFileSync(BUILT));
  });

  it("has the hash that stands beside it", async () => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", embedded));
    assert.equal(digest.toHex(), LIBRARY_SHA256);
  });

  it("loads under musl and completes a command there", { skip: absent(MUSL, PROGRAM) }, () => {
    const folder = mkdtempSync(join(tmpdir(), "ringway-"));
    try {
      const path = join(folder, "libringway.so");
      writeFileSync(path, embedded);
      const { status, stdout, stderr } = spawnSync(MUSL, [PROGRAM, path], { encoding: "utf8" });
      assert.equal(stderr, "");
      assert.match(stdout, /^abi 2, open (0\nenter 1, close 0|-\d+)\n$/);
      assert.equal(status, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("reading a shared library", () => {
  it("finds what another one needs and expects", { skip: absent(PROGRAM) }, () => {
    const program = readSharedLibrary(readFileSync(PROGRAM));
    assert.deepEqual(program.needed, ["libc.so"]);
    assert.ok(program.undefined.includes("dlopen"));
  });

  it("refuses what is none", () => {
    assert.throws(() => readSharedLibrary(new Uint8Array(64)), TypeError);
  });
});
