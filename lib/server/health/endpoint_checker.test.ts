import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ipAddress } from "../../net/address.ts";
import { CheckSlots } from "./check_slots.ts";
import { EndpointChecker } from "./endpoint_checker.ts";
import { FakeChecks, healthCheckOptions } from "./test_fake_checks.ts";

const ADDRESS = ipAddress("127.0.0.1", 80);

function start(fake: FakeChecks, isHealthy = true): { checker: EndpointChecker; news: string[] } {
  const news: string[] = [];
  const checker = new EndpointChecker(ADDRESS, isHealthy, healthCheckOptions, fake, (isFirst) => {
    news.push(`${checker.isHealthy ? "healthy" : checker.lastFailure}${isFirst ? " at first" : ""}`);
  });
  checker.start();
  return { checker, news };
}

describe("the checks of an endpoint", () => {
  it("follow each other after the interval and a random part of it, from the end of the one before", async () => {
    const fake = new FakeChecks();
    start(fake);
    for (const [random, delayMs] of [
      [0, 1000],
      [0.5, 1050],
      [0.99, 1099],
    ] as const) {
      fake.randomValue = random;
      await fake.settle();
      assert.equal(fake.running.length, 1);
      // However long one takes: no other begins.
      fake.advance(5000);
      await fake.settle();
      assert.equal(fake.running.length, 1);
      await fake.answer(null);
      fake.advance(delayMs - 1);
      await fake.settle();
      assert.equal(fake.running.length, 0);
      fake.advance(1);
      await fake.settle();
    }
    assert.equal(fake.running.length, 1);
  });

  it("tell of changes, and why", async () => {
    const fake = new FakeChecks();
    const { checker, news } = start(fake);
    for (const result of [null, "refused", "refused", "reset", "reset", null, null, null]) {
      await fake.answer(result);
      fake.advance(2000);
    }
    assert.deepEqual(news, ["reset", "healthy"]);
    assert.equal(checker.lastFailure, null);
  });

  it("tell of a first one that decides", async () => {
    const bad = new FakeChecks();
    const { news } = start(bad);
    await bad.answer("refused");
    assert.deepEqual(news, ["refused at first"]);
    const good = new FakeChecks();
    const later = start(good, false);
    assert.equal(later.checker.isHealthy, false);
    await good.answer(null);
    assert.deepEqual(later.news, ["healthy at first"]);
  });

  it("end with it: what is planned, what runs and what waits", async () => {
    const planned = new FakeChecks();
    const first = start(planned);
    await planned.answer(null);
    first.checker.stop();
    planned.advance(10_000);
    await planned.settle();
    assert.equal(planned.running.length, 0);

    const running = new FakeChecks();
    const second = start(running);
    await running.settle();
    second.checker.stop();
    assert.equal(running.running[0]?.signal.aborted, true);
    await running.answer("stopped");
    running.advance(10_000);
    await running.settle();
    assert.deepEqual([running.running.length, second.news], [0, []]);

    const waiting = new FakeChecks(new CheckSlots(1));
    const [third, fourth] = [start(waiting), start(waiting)];
    await waiting.settle();
    assert.equal(waiting.running.length, 1);
    fourth.checker.stop();
    await waiting.answer(null);
    await waiting.settle();
    assert.equal(waiting.running.length, 0);
    third.checker.stop();
  });
});
