import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HttpFilter } from "../filter.ts";
import { TestExchange, type TestExchangeOptions, TestWorker } from "../test_exchange.ts";
import type { RateLimitOptions } from "./options.ts";
import { rateLimit } from "./rate_limit.ts";
import { TokenBuckets } from "./token_buckets.ts";

const OPTIONS: RateLimitOptions = {
  requests: 10,
  perMs: 1000,
  burst: 2,
  key: "client",
  header: "",
  maximumKeys: 100,
  status: 429,
};

/** A filter whose time is `clock.ms`. */
async function start(change: Partial<RateLimitOptions> = {}, workers = 1): Promise<[HttpFilter, { ms: number }]> {
  const clock = { ms: 5000 };
  const filter = rateLimit({ ...OPTIONS, ...change }, () => clock.ms);
  await filter.onStart?.(new TestWorker(workers));
  return [filter, clock];
}

/** How many of that many requests at the same time pass. */
async function passing(filter: HttpFilter, count: number, request: TestExchangeOptions = {}): Promise<number> {
  let passed = 0;
  for (let index = 0; index < count; index++) if ((await new TestExchange(request).ask(filter)) === null) passed++;
  return passed;
}

describe("rate limit", () => {
  it("lets the burst pass, and then the rate", async () => {
    const [filter, clock] = await start();
    assert.equal(await passing(filter, 5), 2);
    clock.ms += 99;
    assert.equal(await passing(filter, 5), 0);
    clock.ms += 1;
    assert.equal(await passing(filter, 5), 1);
    clock.ms += 1e6;
    assert.equal(await passing(filter, 5), 2);
  });

  it("says when to come again, in whole seconds", async () => {
    const [filter, clock] = await start({ requests: 1, perMs: 2500, burst: 1, status: 503 });
    assert.equal(await passing(filter, 1), 1);
    const reply = await new TestExchange().ask(filter);
    assert.equal(reply?.status, 503);
    assert.equal(reply?.fields.get("retry-after"), "3");
    clock.ms += 2499;
    assert.equal((await new TestExchange().ask(filter))?.fields.get("retry-after"), "1");
    clock.ms += 1;
    assert.equal(await passing(filter, 1), 1);
  });

  it("takes all requests for the burst if none is given", async () => {
    const [filter] = await start({ burst: 0 });
    assert.equal(await passing(filter, 20), 10);
  });

  it("gives each worker its share", async () => {
    const [filter, clock] = await start({ requests: 40, burst: 40 }, 4);
    assert.equal(await passing(filter, 50), 10);
    clock.ms += 500;
    assert.equal(await passing(filter, 50), 5);
    const [small] = await start({ burst: 1 }, 8);
    assert.equal(await passing(small, 5), 1);
  });

  it("counts clients each for itself", async () => {
    const [filter] = await start();
    assert.equal(await passing(filter, 3, { client: "192.0.2.1" }), 2);
    assert.equal(await passing(filter, 3, { client: "192.0.2.2" }), 2);
    assert.equal(await passing(filter, 3, { client: "::ffff:192.0.2.2" }), 0);
    assert.equal(await passing(filter, 2, { client: "2001:db8::1" }), 2);
    assert.equal(await passing(filter, 3, { client: "2001:db8::2" }), 0);
    assert.equal(await passing(filter, 3, { client: "2001:db8:0:1::2" }), 2);
  });

  it("counts the values of a field each for itself", async () => {
    const [filter] = await start({ key: "header", header: "X-Key" });
    const long = "x".repeat(60_000);
    for (const value of ["a", "b", "", long, `${long}y`, "a, b"]) {
      assert.equal(await passing(filter, 3, { fields: [["x-key", value]] }), 2, value.slice(0, 9));
    }
    const both: [string, string][] = [
      ["x-key", "a"],
      ["X-KEY", "b"],
    ];
    assert.equal(await passing(filter, 3, { fields: both }), 0);
    assert.equal(await passing(filter, 3, { client: "192.0.2.1" }), 2);
    assert.equal(await passing(filter, 3, { client: "192.0.2.2" }), 0);
  });

  it("counts all together", async () => {
    const [filter] = await start({ key: "all" });
    assert.equal(await passing(filter, 1, { client: "192.0.2.1" }), 1);
    assert.equal(await passing(filter, 3, { client: "192.0.2.2" }), 1);
  });

  it("names wrong options", () => {
    const wrong: Partial<RateLimitOptions>[] = [
      { requests: 0 },
      { perMs: 0.5 },
      { burst: -1 },
      { maximumKeys: 0 },
      { status: 200 },
      { key: "header", header: "" },
    ];
    for (const change of wrong) {
      assert.throws(() => rateLimit({ ...OPTIONS, ...change }), { code: "ERR_FILTER_OPTIONS" });
    }
  });
});

describe("TokenBuckets", () => {
  it("forgets the key that was not seen for longest", () => {
    const buckets = new TokenBuckets(1000, 1, 2);
    assert.equal(buckets.take("a", 0), 0);
    assert.equal(buckets.take("b", 0), 0);
    assert.equal(buckets.take("a", 0), 1000);
    assert.equal(buckets.take("c", 0), 0);
    assert.equal(buckets.size, 2);
    assert.equal(buckets.take("a", 0), 1000);
    assert.equal(buckets.take("b", 0), 0);
  });

  it("is not worn down by what it refuses", () => {
    const buckets = new TokenBuckets(10, 1, 1);
    for (let ms = 0; ms < 10; ms++) assert.equal(buckets.take("", ms), ms === 0 ? 0 : 10 - ms);
    assert.equal(buckets.take("", 10), 0);
  });

  it("never gives more than a bucket would", () => {
    const steps = fc.array(fc.tuple(fc.nat(50), fc.nat(2)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 10 }), steps, (interval, burst, list) => {
        const buckets = new TokenBuckets(interval, burst, 3);
        const model = [0, 1, 2].map(() => ({ tokens: burst, ms: 0 }));
        let now = 0;
        for (const [pause, key] of list) {
          now += pause;
          const bucket = model[key] as { tokens: number; ms: number };
          bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.ms) / interval);
          bucket.ms = now;
          const isThere = bucket.tokens > 1 - 1e-6;
          if (isThere) bucket.tokens--;
          assert.equal(buckets.take(String(key), now) === 0, isThere);
        }
      }),
    );
  });
});
