import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { parseRunNs, parseSwitches, parseTicks, readUsage, type Usage, usageBetween } from "./usage.ts";

const STAT = "7 (name with ) in it) R 1 7 7 0 -1 4194304 95 0 0 0 123 456 7 8 20 0 1 0 100 1000 10";

describe("the files of a thread and a process", () => {
  it("schedstat begins with the time on a processor", () => {
    assert.equal(parseRunNs("123456789 555 42\n"), 123_456_789);
  });

  it("stat has user and system time, not those of children", () => {
    assert.deepEqual(parseTicks(STAT), { user: 123, system: 456 });
  });

  it("status has two kinds of context switches", () => {
    assert.equal(parseSwitches("Threads:\t1\nvoluntary_ctxt_switches:\t30\nnonvoluntary_ctxt_switches:\t4\n"), 34);
  });
});

describe("usage between two moments", () => {
  const usage = (runNs: [string, number][], userTicks: number, systemTicks: number): Usage => ({
    runNs: new Map(runNs),
    switches: new Map(runNs.map(([thread, ns]) => [thread, ns / 10])),
    userTicks,
    systemTicks,
  });

  it("counts new threads in full and ended ones not at all", () => {
    const before = usage(
      [
        ["1", 1000],
        ["2", 500],
      ],
      0,
      0,
    );
    const after = usage(
      [
        ["1", 1600],
        ["3", 300],
      ],
      0,
      0,
    );
    const { cpuNs, switches } = usageBetween(before, after);
    assert.equal(cpuNs, 900);
    assert.equal(switches, 90);
  });

  it("is split into user and system in the proportion of the ticks", () => {
    const { userNs, systemNs } = usageBetween(usage([["1", 0]], 10, 10), usage([["1", 1000]], 11, 13));
    assert.equal(userNs, 250);
    assert.equal(systemNs, 750);
  });

  it("of this process grows with its work", () => {
    const before = readUsage(process.pid);
    const start = performance.now();
    let turns = 0;
    while (performance.now() - start < 20) turns++;
    const { cpuNs, userNs } = usageBetween(before, readUsage(process.pid));
    assert.ok(turns > 0 && cpuNs > 1_000_000 && cpuNs >= userNs, `${cpuNs}`);
  });

  it("of a process that does not exist is an error, not 0", () => {
    assert.throws(() => readUsage(2 ** 30), /can't be read/);
  });
});
