/**
 * A server and a client on a simulated network: random requests, handlers and faults. A failure names its seed;
 * `RINGWAY_SEED=n` runs that one alone, `RINGWAY_SEEDS=n` that many.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeds } from "../net/memory/test_support.ts";
import { type WebPlan, WebWorld } from "./test_web_world.ts";

const SEEDS = 40;
/** Bounds the time on a slow machine. */
const TIMEOUT = { timeout: 120_000 };

async function simulate(plan: WebPlan, check: (world: WebWorld) => void): Promise<void> {
  for (const seed of seeds(SEEDS)) {
    const world = new WebWorld(seed, plan);
    try {
      await world.run();
      check(world);
    } catch (error) {
      const outcomes = world.exchanges.map(
        ({ path, method, kind, outcome }) => `${path} ${method} ${kind}: ${outcome}`,
      );
      throw new Error(`Seed ${seed} fails: ${String(error)}\n${outcomes.join("\n")}`, { cause: error });
    }
  }
}

test("without faults every request has the response that its handler made", TIMEOUT, async () => {
  await simulate({ faults: {}, abortProbability: 0, canFail: false }, ({ exchanges, bench }) => {
    for (const { outcome, path } of exchanges) assert.equal(outcome, "200", path);
    assert.deepEqual(bench.problems, []);
  });
});

test("handlers and streams that fail are seen as that, and nothing else is", TIMEOUT, async () => {
  await simulate({ faults: {}, abortProbability: 0, canFail: true }, ({ exchanges }) => {
    for (const { outcome, path, kind, method } of exchanges) {
      if (kind === "throw" || kind === "never") assert.equal(outcome, "500", path);
      else if (kind !== "fail" && kind !== "short") assert.equal(outcome, "200", path);
      // It may have failed before anything was sent, or have its length corrected.
      else if (kind === "fail" && method !== "HEAD") assert.notEqual(outcome, "200", path);
      else assert.match(outcome, /^(?:200|500|ERR_BODY_INCOMPLETE|ERR_UPSTREAM_CLOSED)$/, path);
    }
  });
});

test(
  "whatever is aborted and whatever the network does, all ends, and nothing wrong is taken for right",
  TIMEOUT,
  async () => {
    const faults = {
      resetAfterBytesProbability: 0.2,
      resetAfterMaximumBytes: 50_000,
      resetProbability: 0.1,
      resetAfterMaximumMs: 500,
      connectRefusedProbability: 0.05,
      readerStallProbability: 0.1,
      readerStallAfterMaximumBytes: 10_000,
      readerStallMaximumMs: 1000,
      slowLinkProbability: 0.2,
      slowLinkBytesPerMs: 100,
    };
    let succeeded = 0;
    await simulate({ faults, abortProbability: 0.3, canFail: true, lingerBytes: 10_000 }, ({ exchanges }) => {
      for (const { outcome, path } of exchanges) assert.notEqual(outcome, "", path);
      succeeded += exchanges.filter(({ outcome }) => outcome === "200").length;
    });
    assert.ok(succeeded > 50, `${succeeded}`);
  },
);
