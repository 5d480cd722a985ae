/** What is chosen where io_uring really is denied, by the kernel or for want of a permission. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { release } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ENOSYS, EPERM } from "../ffi/abi.ts";
import { runtime } from "../ffi/runtime.ts";
import { runtimeCommand } from "./support/command.ts";
import { run } from "./support/programs.ts";

const DENY_IO_URING = fileURLToPath(new URL("../zig-out/bin/deny_io_uring", import.meta.url));
const PRINT_SELECTION = fileURLToPath(new URL("./support/print_selection.ts", import.meta.url));
const ONLY_DENO = runtime.name !== "deno" && "only Deno has permissions";
/** Deno gives a Deno that it starts all permissions, unless it is given one. */
const NO_PERMISSION = ["--no-prompt", "--allow-env=RINGWAY_DISABLE"];

interface Selection {
  readonly driver?: string;
  readonly reason: string;
  readonly kernel?: string;
  readonly on?: readonly string[];
  readonly code?: string;
}

/** What is chosen for `auto` and for `uring`. */
async function select(
  command: readonly string[],
  permissions?: readonly string[],
): Promise<readonly [Selection, Selection]> {
  const [program = "", ...rest] = [...command, ...runtimeCommand(PRINT_SELECTION, ["auto", "uring"], permissions)];
  const { out, error, code } = await run(program, rest);
  assert.equal(code, 0, error);
  assert.equal(error, "");
  const [auto, uring] = out.trimEnd().split("\n");
  return [JSON.parse(auto ?? "") as Selection, JSON.parse(uring ?? "") as Selection];
}

/** What is chosen where io_uring_setup(2) fails. */
function selectDenied(errno: number): Promise<readonly [Selection, Selection]> {
  assert.ok(existsSync(DENY_IO_URING), `${DENY_IO_URING} is missing: build it with \`zig build test-tools\``);
  return select([DENY_IO_URING, String(errno)]);
}

test("under a seccomp profile that forbids io_uring, auto falls back, and uring names the cure", async () => {
  const [auto, uring] = await selectDenied(EPERM);
  assert.equal(auto.driver, "default");
  assert.match(auto.reason, /forbidden to this process \(EPERM\).*seccomp profile.*docker run --security-opt/);
  assert.equal(auto.kernel, release());
  assert.deepEqual(auto.on, []);
  assert.deepEqual(uring, { code: "ERR_RING_FORBIDDEN", reason: auto.reason });
});

test("on a kernel without io_uring, auto falls back, and uring names the kernel to have", async () => {
  const [auto, uring] = await selectDenied(ENOSYS);
  assert.equal(auto.driver, "default");
  assert.match(auto.reason, /no io_uring \(ENOSYS\): Linux 5\.19 or newer/);
  assert.deepEqual(uring, { code: "ERR_RING_KERNEL", reason: auto.reason });
});

test("without the permission for native code, auto falls back, and uring names the flag", {
  skip: ONLY_DENO,
}, async () => {
  const [auto, uring] = await select([], NO_PERMISSION);
  assert.equal(auto.driver, "default");
  assert.match(auto.reason, /needs a permission: run with --allow-ffi/);
  assert.equal(auto.kernel, "unknown");
  assert.deepEqual(uring, { code: "ERR_PERMISSION", reason: auto.reason });
});

test("with the permission for native code alone, io_uring works, and the kernel is unknown", {
  skip: ONLY_DENO,
}, async () => {
  const [auto] = await select([], [...NO_PERMISSION, "--allow-ffi"]);
  assert.equal(auto.driver, "uring");
  assert.equal(auto.kernel, "unknown");
});
