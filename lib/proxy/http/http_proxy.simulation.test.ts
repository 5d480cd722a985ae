/**
 * Whole HTTP proxies on a simulated network: random requests, responses, pieces and faults. A failure names its seed;
 * `RINGWAY_SEED=n` runs that one alone, `RINGWAY_SEEDS=n` that many.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../../net/memory/random.ts";
import { seeds } from "../../net/memory/test_support.ts";
import { type HttpPlan, HttpWorld } from "./test_http_world.ts";

const SEEDS = 50;
const TRACE_LINES = 60;
/** Bounds the time on a slow machine; the steps are bounded too. */
const TIMEOUT = { timeout: 120_000 };

/** Run a plan with every seed. */
async function simulate(plan: (random: Random) => HttpPlan, check: (world: HttpWorld) => void): Promise<void> {
  for (const seed of seeds(SEEDS)) {
    const run = async (traceLines: number) => {
      const world = new HttpWorld(seed, plan, traceLines);
      await world.build();
      await world.run();
      check(world);
    };
    try {
      await run(0);
    } catch (error) {
      // Again, for the trace.
      const again = await run(TRACE_LINES).catch((traced: unknown) => traced);
      throw new Error(`Seed ${seed} fails`, { cause: again ?? error });
    }
  }
}

/** Everybody keeps to the rules, and nothing goes wrong. */
function calmPlan(random: Random): HttpPlan {
  // Many bytes in tiny pieces would take long and show nothing more.
  const isLarge = random.chance(0.5);
  return {
    methods: random.pick([["GET"], ["GET", "HEAD", "POST", "PUT", "OPTIONS", "M-SEARCH"]]),
    bodyBytes: isLarge ? 20_000 : 300,
    sentBytes: random.pick(isLarge ? [1000, 4000] : [1, 30, 2000]),
    deeds: ["length", "chunked", "until-close", "empty"],
    dataBytes: isLarge ? 20_000 : 300,
    earlyProbability: 0,
    interimProbability: random.pick([0, 0.3]),
    lastProbability: random.pick([0, 0.2]),
    idleCloseProbability: 0,
    pieceBytes: random.pick(isLarge ? [1000, 20_000] : [1, 30, 1000]),
    delayMs: random.pick([1, 50]),
    pauseProbability: random.pick([0, 0, 0.2]),
    options: { upstreamConnections: random.pick([1, 2, 1000]), requestsPerConnection: random.pick([0, 0, 1, 3]) },
    oldClientProbability: random.pick([0, 0.3]),
    clientResetProbability: 0,
    faults: {
      readerStallProbability: random.pick([0, 0, 0.3]),
      noBuffersProbability: random.pick([0, 0, 0.1]),
      slowLinkProbability: random.pick([0, 0.3]),
      slowLinkBytesPerMs: 200,
    },
  };
}

/** Anything may happen. */
function roughPlan(random: Random): HttpPlan {
  const calm = calmPlan(random);
  const odds = () => (random.chance(0.3) ? random.pick([0.05, 0.3]) : 0);
  return {
    ...calm,
    deeds: [...calm.deeds, ...calm.deeds, "cut", "garbage", "close", "reset", "hang"],
    earlyProbability: odds(),
    idleCloseProbability: odds(),
    options: {
      ...calm.options,
      responseTimeoutMs: random.pick([300, 5000]),
      streamIdleTimeoutMs: random.pick([500, 60_000]),
      connectTimeoutMs: 500,
      pendingRequests: random.pick([0, 2, 1000]),
      pendingTimeoutMs: random.pick([100, 5000]),
      upstreamIdleTimeoutMs: random.pick([10, 60_000]),
    },
    clientResetProbability: odds(),
    faults: {
      ...calm.faults,
      connectRefusedProbability: odds(),
      connectHangProbability: odds(),
      resetProbability: odds(),
      resetAfterBytesProbability: odds(),
    },
  };
}

function assertAllAnswered(world: HttpWorld): void {
  for (const client of world.clients) {
    assert.equal(client.errno, 0);
    assert.ok(client.isDone, "every request is answered");
    const own = client.statuses.filter((status) => status < 0);
    assert.deepEqual(own, [], "no response is the proxy's own");
  }
  for (const { target, seen } of world.exchanges.values()) assert.ok(seen >= 1, target);
}

test("each client gets the responses to its own requests, in order and byte for byte", TIMEOUT, async () => {
  await simulate(calmPlan, (world) => {
    assertAllAnswered(world);
    assert.equal(world.total("http_local_replies_total"), 0);
    assert.equal(world.total("http_responses_cut_short_total"), 0);
    assert.equal(world.total("http_requests_total"), world.exchanges.size);
  });
});

test("whatever happens, a response is the right one or visibly none, and nothing is left", TIMEOUT, async () => {
  let whole = 0;
  let own = 0;
  await simulate(roughPlan, ({ clients }) => {
    for (const { statuses } of clients) {
      whole += statuses.filter((status) => status > 0).length;
      own += statuses.filter((status) => status < 0).length;
    }
  });
  assert.ok(whole > 0 && own > 0, `${whole} ${own}`);
});

test("no client notices that an upstream closes a connection that it does not use", TIMEOUT, async () => {
  let retries = 0;
  const plan = (random: Random): HttpPlan => ({
    ...calmPlan(random),
    methods: ["GET", "HEAD", "OPTIONS"],
    idleCloseProbability: 0.5,
    delayMs: random.pick([1, 5]),
    options: {},
  });
  await simulate(plan, (world) => {
    assertAllAnswered(world);
    retries += world.total("http_upstream_retries_total");
  });
  assert.ok(retries > 0);
});

test("responses before the end of their requests are the right ones, mostly all of them", TIMEOUT, async () => {
  let done = 0;
  let all = 0;
  const plan = (random: Random): HttpPlan => ({
    ...calmPlan(random),
    methods: ["POST", "PUT"],
    // An upstream that closes before it has read everything takes its own response away.
    deeds: ["length", "chunked", "empty"],
    lastProbability: 0,
    earlyProbability: 0.5,
    faults: {},
    options: { upstreamConnections: random.pick([1, 1000]), lingerBytes: 1 << 20 },
  });
  await simulate(plan, ({ clients }) => {
    for (const client of clients) {
      assert.ok(client.statuses.length > 0 && client.statuses.every((status) => status > 0));
      all++;
      if (client.isDone) done++;
    }
  });
  // Who sends the rest of a body for too long is not waited for.
  assert.ok(done > all / 2, `${done} of ${all}`);
});
