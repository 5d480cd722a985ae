import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ConcurrencyLimit } from "./concurrency_limit.ts";

describe("ConcurrencyLimit", () => {
  it("runs as many as it may, in their order, whenever they come and however they end", async () => {
    const step = fc.constantFrom("begin", "succeed", "fail");
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (maximum, steps) => {
        const limit = new ConcurrencyLimit(maximum, 5);
        const running: { number: number; end: (error?: Error) => void }[] = [];
        const results: Promise<void>[] = [];
        let begun = 0;
        let ended = 0;
        const task = (number: number) => (): Promise<void> =>
          new Promise((resolve, reject) => {
            running.push({ number, end: (error) => (error === undefined ? resolve() : reject(error)) });
          });
        for (const action of steps) {
          if (action === "begin" && !limit.isFull) {
            results.push(limit.run(task(begun++)).catch(() => undefined));
          } else if (action !== "begin") {
            const first = running.shift();
            if (first === undefined) continue;
            assert.equal(first.number, ended++);
            first.end(action === "fail" ? new Error("failed") : undefined);
            await results[first.number];
          }
          await Promise.resolve();
          assert.equal(running.length, Math.min(maximum, begun - ended));
          assert.equal(limit.isFull, begun - ended - running.length === 5);
        }
      }),
    );
  });
});
