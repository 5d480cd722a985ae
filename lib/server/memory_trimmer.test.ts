import assert from "node:assert/strict";
import { it } from "node:test";
import type { Driver } from "../net/driver.ts";
import type { Timer } from "../ring/timer_wheel.ts";
import { MemoryTrimmer } from "./memory_trimmer.ts";

/** The part of a driver that is looked at; each call of the returned function is a look at that many connections. */
function looks(collect: () => void): (connectionCount: number) => void {
  let timer: Timer | null = null;
  const driver = {
    connectionCount: 0,
    startTimer(started: Timer) {
      timer = started;
    },
  };
  new MemoryTrimmer(driver as unknown as Driver, collect);
  return (connectionCount) => {
    driver.connectionCount = connectionCount;
    timer?.onExpire();
  };
}

it("MemoryTrimmer collects once after most connections of a peak are gone and no more go", () => {
  let collected = 0;
  const look = looks(() => collected++);
  for (const count of [10_000, 10_000, 6_000, 200]) look(count);
  assert.equal(collected, 0);
  look(200);
  assert.equal(collected, 1);
  for (const count of [200, 200, 0, 0]) look(count);
  assert.equal(collected, 1, "the next peak begins at what is left");
});

it("MemoryTrimmer leaves small peaks, and peaks of which most is left, alone", () => {
  let collected = 0;
  const look = looks(() => collected++);
  for (const count of [499, 0, 0, 1000, 501, 501, 501]) look(count);
  assert.equal(collected, 0);
});
