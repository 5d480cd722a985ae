import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestExchange } from "../test_exchange.ts";
import { type FaultWorld, fault } from "./fault.ts";
import type { FaultOptions } from "./options.ts";

const OPTIONS: FaultOptions = { delayMs: 100, delayPercent: 50, abortStatus: 503, abortPercent: 10 };

/** Random numbers in their order, and timers that go off by hand. */
class TestWorld implements FaultWorld {
  readonly timers: { callback: () => void; ms: number; isGone: boolean }[] = [];
  readonly #numbers: number[];

  constructor(...numbers: number[]) {
    this.#numbers = numbers;
  }

  readonly random = (): number => this.#numbers.shift() ?? assert.fail("no more random numbers");

  readonly later = (callback: () => void, ms: number): (() => void) => {
    const timer = { callback, ms, isGone: false };
    this.timers.push(timer);
    return () => {
      timer.isGone = true;
    };
  };
}

describe("fault", () => {
  it("leaves the others alone", () => {
    const world = new TestWorld(0.5, 0.1);
    assert.equal(fault(OPTIONS, world).onRequestHead?.(new TestExchange()), undefined);
    assert.equal(world.timers.length, 0);
  });

  it("aborts", async () => {
    const reply = await new TestExchange().ask(fault(OPTIONS, new TestWorld(0.99, 0.0999)));
    assert.equal(reply?.status, 503);
  });

  it("delays, and then aborts", async () => {
    for (const [abort, status] of [
      [0.5, null],
      [0.05, 503],
    ] as const) {
      const world = new TestWorld(0.4999, abort);
      const asked = new TestExchange().ask(fault(OPTIONS, world));
      assert.equal(world.timers[0]?.ms, 100);
      world.timers[0]?.callback();
      assert.equal((await asked)?.status ?? null, status);
    }
  });

  it("forgets a delay when the client is gone", async () => {
    const world = new TestWorld(0, 0.5);
    const filter = fault(OPTIONS, world);
    const exchange = new TestExchange();
    const asked = exchange.ask(filter);
    filter.onEnd?.(exchange);
    assert.equal(world.timers[0]?.isGone, true);
    assert.equal(await asked, null);
    filter.onEnd?.(new TestExchange());
  });

  it("waits by the machine's clock", async () => {
    const options = { delayMs: 1, delayPercent: 100, abortStatus: 418, abortPercent: 100 };
    assert.equal((await new TestExchange().ask(fault(options)))?.status, 418);
  });

  it("does nothing at 0 percent", async () => {
    const world = new TestWorld(0, 0);
    assert.equal(await new TestExchange().ask(fault({ ...OPTIONS, delayPercent: 0, abortPercent: 0 }, world)), null);
    assert.equal(world.timers.length, 0);
  });

  it("names wrong options", () => {
    const wrong: Partial<FaultOptions>[] = [
      { delayMs: 600_001 },
      { delayPercent: 101 },
      { abortPercent: Number.NaN },
      { abortStatus: 100 },
    ];
    for (const change of wrong) assert.throws(() => fault({ ...OPTIONS, ...change }), { code: "ERR_FILTER_OPTIONS" });
    fault({ ...OPTIONS, abortStatus: 0, abortPercent: 0 });
  });
});
