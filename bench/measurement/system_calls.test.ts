import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePerf, parseStrace } from "./system_calls.ts";

describe("the number of system calls", () => {
  it("is in the output of perf", () => {
    assert.deepEqual(parsePerf("\n29,,raw_syscalls:sys_enter,1045876,100.00,,\n"), { calls: 29, byName: {} });
    assert.throws(() => parsePerf("<not counted>,,raw_syscalls:sys_enter,0,0.00,,\n"), /Not a count of perf/);
  });

  it("is in the table of strace, by name", () => {
    const table = [
      "strace: Process 12 attached",
      "% time     seconds  usecs/call     calls    errors syscall",
      "------ ----------- ----------- --------- --------- ------------------",
      " 60.00    0.000601           1       402         7 io_uring_enter",
      "  0.00    0.000000           0         3           close",
      "------ ----------- ----------- --------- --------- ------------------",
      "100.00    0.000601           1       405         7 total",
    ].join("\n");
    assert.deepEqual(parseStrace(table), { calls: 405, byName: { io_uring_enter: 402, close: 3 } });
    assert.throws(() => parseStrace("strace: attach: Operation not permitted\n"), /Not a table of strace/);
  });
});
