import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CheckSlots } from "./check_slots.ts";

describe("places for checks", () => {
  it("are never more than there are, and are given in order", async () => {
    const slots = new CheckSlots(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    let running = 0;
    const all = [0, 1, 2, 3, 4].map((index) =>
      slots.run(async () => {
        started.push(index);
        running++;
        await new Promise<void>((resolve) => ends.push(resolve));
        running--;
        return index;
      }),
    );
    for (let i = 0; i < 5; i++) {
      // Long enough for whoever may start.
      for (let turn = 0; turn < 20; turn++) await null;
      assert.equal(running, Math.min(2, 5 - i));
      ends[i]?.();
    }
    assert.deepEqual(await Promise.all(all), [0, 1, 2, 3, 4]);
    assert.deepEqual(started, [0, 1, 2, 3, 4]);
  });

  it("are given back after a failure", async () => {
    const slots = new CheckSlots(1);
    await assert.rejects(
      slots.run(() => Promise.reject(new Error("bad"))),
      /bad/,
    );
    assert.equal(await slots.run(async () => 1), 1);
  });
});
