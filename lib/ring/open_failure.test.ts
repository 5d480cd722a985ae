import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../ffi/abi.ts";
import { loadLibrary } from "../../ffi/library.ts";
import { RingError } from "./errors.ts";
import { explainOpenFailure } from "./open_failure.ts";
import { defaultRingOptions, type RingOptions } from "./options.ts";
import { Ring } from "./ring.ts";

const library = await loadLibrary();
const tiny: RingOptions = {
  ...defaultRingOptions,
  submissionEntries: 1,
  completionEntries: 1,
  smallBuffers: { count: 1, bytes: 4096 },
  bulkBuffers: { count: 0, bytes: 0 },
  writeBuffers: { count: 0, bytes: 0 },
  commandCapacity: 8,
  completionCapacity: 8,
};

function failure(stage: number, errno: number, sysctl = ""): RingError {
  return explainOpenFailure(stage, -errno, () => sysctl);
}

test("a sysctl that forbids io_uring is named with the command that allows it", () => {
  for (const value of ["1", "2\n"]) {
    const error = failure(abi.OPEN_STAGE_SETUP, abi.EPERM, value);
    assert.equal(error.code, "ERR_RING_DISABLED");
    assert.match(error.message, /kernel\.io_uring_disabled is [12].*sysctl -w kernel\.io_uring_disabled=0/);
    assert.equal(error.errno, abi.EPERM);
  }
  // Only the value 1 leaves it to a group.
  assert.match(failure(abi.OPEN_STAGE_SETUP, abi.EPERM, "1").message, /io_uring_group/);
  assert.doesNotMatch(failure(abi.OPEN_STAGE_SETUP, abi.EPERM, "2").message, /io_uring_group/);
});

test("a refusal without the sysctl is put down to seccomp, with the calls to allow", () => {
  for (const [errno, sysctl] of [
    [abi.EPERM, "0"],
    [abi.EPERM, ""],
    [abi.EACCES, "0\n"],
  ] as const) {
    const error = failure(abi.OPEN_STAGE_SETUP, errno, sysctl);
    assert.equal(error.code, "ERR_RING_FORBIDDEN");
    assert.match(error.message, /seccomp/);
    for (const call of ["io_uring_setup", "io_uring_enter", "io_uring_register"]) {
      assert.ok(error.message.includes(call));
    }
  }
});

test("every stage and errno has a code and a sentence of its own", () => {
  const expected: [stage: number, errno: number, code: string, sentence: RegExp][] = [
    [abi.OPEN_STAGE_SETUP, abi.ENOSYS, "ERR_RING_KERNEL", /no io_uring \(ENOSYS\): Linux 5\.19/],
    [abi.OPEN_STAGE_SETUP, abi.ENOMEM, "ERR_RING_MEMORY", /ulimit -l/],
    [abi.OPEN_STAGE_SETUP, abi.EMFILE, "ERR_RING_DESCRIPTORS", /EMFILE.*ulimit -n/],
    [abi.OPEN_STAGE_SETUP, abi.ENFILE, "ERR_RING_DESCRIPTORS", /ENFILE/],
    [abi.OPEN_STAGE_SETUP, abi.EINVAL, "ERR_RING_OPEN", /EINVAL/],
    [abi.OPEN_STAGE_OPTIONS, abi.EINVAL, "ERR_RING_OPTIONS", /RingOptions/],
    [abi.OPEN_STAGE_FEATURES, abi.EOPNOTSUPP, "ERR_RING_KERNEL", /Linux 5\.19/],
    [abi.OPEN_STAGE_BUFFER_RINGS, abi.EINVAL, "ERR_RING_KERNEL", /provided-buffer rings/],
    [abi.OPEN_STAGE_BUFFER_RINGS, abi.ENOMEM, "ERR_RING_MEMORY", /ulimit -l/],
    [abi.OPEN_STAGE_BUFFER_RINGS, abi.EEXIST, "ERR_RING_MEMORY", /fewer or smaller/],
    [abi.OPEN_STAGE_MEMORY, abi.ENOMEM, "ERR_RING_MEMORY", /No memory/],
    [abi.OPEN_STAGE_WAKE, abi.EMFILE, "ERR_RING_DESCRIPTORS", /ulimit -n/],
    [abi.OPEN_STAGE_RING_TABLE, abi.EMFILE, "ERR_RING_COUNT", /256 rings/],
    [99, abi.EIO, "ERR_RING_OPEN", /EIO/],
  ];
  for (const [stage, errno, code, sentence] of expected) {
    const error = failure(stage, errno);
    assert.ok(error instanceof RingError);
    assert.equal(error.code, code);
    assert.match(error.message, sentence);
    assert.equal(error.operation, "open a ring");
    assert.doesNotMatch(error.message, /\.$/);
  }
});

test("sizes out of range are refused with the reason", () => {
  for (const wrong of [
    { submissionEntries: 0 },
    { submissionEntries: 65536 },
    { submissionEntries: 8, completionEntries: 4 },
    { commandCapacity: 1 },
    { completionCapacity: -1 },
    { smallBuffers: { count: 0, bytes: 0 }, bulkBuffers: { count: 0, bytes: 0 } },
    { smallBuffers: { count: 40_000, bytes: 4096 } },
    { smallBuffers: { count: 1024, bytes: 2 ** 30 } },
  ]) {
    assert.throws(() => new Ring(library, { ...tiny, ...wrong }), { code: "ERR_RING_OPTIONS" }, JSON.stringify(wrong));
  }
});

test("a kernel without provided-buffer rings is named as such", () => {
  assert.throws(() => new Ring(library, { ...tiny, disabledFeatures: abi.FEATURE_BUFFER_RINGS }), {
    code: "ERR_RING_KERNEL",
  });
});

test("a kernel that drops completions or can't wait with a timeout is too old", () => {
  for (const feature of [abi.FEATURE_NO_DROP, abi.FEATURE_WAIT_TIMEOUT]) {
    assert.throws(() => new Ring(library, { ...tiny, disabledFeatures: feature }), { code: "ERR_RING_KERNEL" });
  }
});

test("one ring too many is refused, and there is room again once others are closed", () => {
  const rings: Ring[] = [];
  try {
    assert.throws(
      () => {
        for (let i = 0; i <= abi.RINGS; i++) rings.push(new Ring(library, tiny));
      },
      { code: "ERR_RING_COUNT" },
    );
  } finally {
    for (const ring of rings) ring.closeRing();
  }
  new Ring(library, tiny).closeRing();
});
