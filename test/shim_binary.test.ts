/**
 * The shim as a file: it needs no other library, offers nothing but its own functions, and loads under musl.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ABI_VERSION, SYMBOLS } from "../ffi/abi.ts";
import * as aarch64 from "../ffi/embedded/aarch64.ts";
import * as x86_64 from "../ffi/embedded/x86_64.ts";
import { runtimeCommand } from "./support/command.ts";
import { readSharedLibrary } from "./support/elf.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const isArm = process.arch === "arm64";
const MUSL = join(PROJECT, `.tools/musl/lib/ld-musl-${isArm ? "aarch64" : "x86_64"}.so.1`);
const PROGRAM = join(PROJECT, "zig-out/bin/load_under_musl");

/** What is embedded for each architecture, where the other one is built, and its number in the ELF format. */
const LIBRARIES = [
  { name: "x86_64", module: x86_64, machine: 62, isNative: !isArm },
  { name: "aarch64", module: aarch64, machine: 183, isNative: isArm },
] as const;

function embeddedBytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Why a test that reads these files is skipped. */
function absent(...paths: string[]): string | false {
  const missing = paths.filter((path) => !existsSync(path));
  return missing.length > 0 && `the test command has not made ${missing.join(" and ")}`;
}

function checkLibrary(bytes: Uint8Array, machine: number): void {
  const library = readSharedLibrary(bytes);
  assert.equal(library.machine, machine);
  assert.deepEqual(library.needed, []);
  assert.deepEqual(library.undefined, []);
  assert.deepEqual([...library.exported].sort(), Object.keys(SYMBOLS).sort());
}

for (const { name, module, machine, isNative } of LIBRARIES) {
  const built = join(PROJECT, `zig-out/lib/${isNative ? "" : `${name}/`}libringway.so`);

  describe(`the shim's file for ${name}`, () => {
    it("needs no library and no symbol, and exports the functions of the ABI alone, as embedded", () => {
      checkLibrary(embeddedBytes(module.LIBRARY_BASE64), machine);
    });

    it("does so as built", { skip: absent(built) }, () => {
      checkLibrary(readFileSync(built), machine);
    });

    it("has the hash that stands beside it", async () => {
      const bytes = embeddedBytes(module.LIBRARY_BASE64);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      assert.equal(digest.toHex(), module.LIBRARY_SHA256);
    });
  });
}

describe("the shim's files", () => {
  it("are made of the same sources", () => {
    assert.equal(x86_64.SOURCE_SHA256, aarch64.SOURCE_SHA256);
  });

  it("are chosen by the processor, and of another one there is none", () => {
    const folder = mkdtempSync(join(tmpdir(), "ringway-"));
    const load = (architecture: string): string => {
      const [program = "", ...rest] = runtimeCommand("test/support/load_for_processor.ts", [architecture]);
      const environment = { ...process.env, XDG_CACHE_HOME: folder, RINGWAY_LIBRARY: "" };
      return spawnSync(program, rest, { cwd: PROJECT, encoding: "utf8", env: environment }).stdout.trim();
    };
    try {
      assert.equal(load(process.arch), "loaded");
      // Which can't be loaded here, but is left in the cache.
      assert.equal(load(isArm ? "x64" : "arm64"), "ERR_LIBRARY_LOAD");
      const [stored = ""] = readdirSync(join(folder, "ringway"));
      const { machine } = readSharedLibrary(readFileSync(join(folder, "ringway", stored)));
      assert.equal(machine, LIBRARIES.find(({ isNative }) => !isNative)?.machine);
      assert.equal(load("riscv64"), "ERR_PLATFORM");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("loads under musl and completes a command there", { skip: absent(MUSL, PROGRAM) }, () => {
    const folder = mkdtempSync(join(tmpdir(), "ringway-"));
    try {
      const path = join(folder, "libringway.so");
      writeFileSync(path, embeddedBytes((isArm ? aarch64 : x86_64).LIBRARY_BASE64));
      const { status, stdout, stderr } = spawnSync(MUSL, [PROGRAM, path], { encoding: "utf8" });
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^abi ${ABI_VERSION}, open (0\\nenter 1, close 0|-\\d+)\\n$`));
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
