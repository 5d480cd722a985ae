import assert from "node:assert/strict";
import { it } from "node:test";
import { RestartDelay } from "./restart_delay.ts";

it("the delay doubles up to 5 s with crashes in a row, and begins anew after a thread that ran for long", () => {
  let nowMs = 1000;
  const delay = new RestartDelay(() => nowMs);
  const crashAfter = (ms: number): number => {
    nowMs += ms;
    const next = delay.next();
    nowMs += next;
    delay.restarted();
    return next;
  };
  const inARow = Array.from({ length: 9 }, () => crashAfter(10_000));
  assert.deepEqual(inARow, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(crashAfter(10_001), 50);
  assert.equal(crashAfter(5), 100);
});
