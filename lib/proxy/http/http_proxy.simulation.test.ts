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
import type { RetryCondition, RetryOptions } from "./retry_options.ts";
import { anyRequest } from "./routing/plain_route.ts";
import { CLUSTERS, type HttpPlan, HttpWorld, MIRROR } from "./test_http_world.ts";

const SEEDS = 40;
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
    statuses: [200, 404, 500],
    hasFilters: false,
    route: {},
    cluster: {},
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

/** Routes that try again, copy, rewrite, edit and spread requests; upstreams that are left out. */
function routesPlan(random: Random): HttpPlan {
  const rough = random.chance(0.7) ? roughPlan(random) : calmPlan(random);
  const conditions: readonly RetryCondition[] = [
    "connect-failure",
    "reset",
    "timeout",
    "gateway-error",
    "5xx",
    "conflict",
  ];
  const isEdited = random.chance(0.3);
  const edits = { set: [["x-edited", "1"]], add: [], remove: ["x-none"] } as const;
  const weights = random.pick([[1], [1, 1], [1, 9]]);
  const retry = {
    on: conditions.filter(() => random.chance(0.5)),
    statuses: random.pick([[], [404]]),
    attempts: random.between(1, 4),
    isForAllMethods: random.chance(0.2),
    perTryTimeoutMs: random.pick([0, 30, 200]),
    backOffMs: random.pick([0, 20]),
    maximumBackOffMs: 50,
    bodyBytes: random.pick([0, 200, 65536]),
  };
  const count = () => random.pick([0, 2, 5]);
  return {
    ...rough,
    statuses: [200, 200, 404, 409, 500, 502, 503],
    options: {
      ...rough.options,
      maximumRequests: random.pick([0, 0, 3]),
      maximumRetries: random.pick([0, 1]),
      retryBudget: random.pick([
        { percent: 20, minimum: 3 },
        { percent: 100, minimum: 100 },
        { percent: 0, minimum: 0 },
      ]),
    },
    route: {
      match: { ...anyRequest, prefix: "/" },
      action: {
        type: "clusters",
        clusters: weights.map((weight, index) => ({ weight, cluster: CLUSTERS[index] ?? "" })),
      },
      retry: random.chance(0.8) ? retry : null,
      timeoutMs: random.pick([0, 0, 100, 1000]),
      mirror: random.chance(0.3) ? { cluster: MIRROR, percent: 70 } : null,
      rewrite: random.pick([null, { prefix: "/r/" }, { hostFromEndpoint: true }]),
      requestHeaders: isEdited ? edits : null,
      responseHeaders: isEdited ? edits : null,
    },
    cluster: {
      balancer: random.pick(["round-robin", "least-connections", "least-request", "random"]),
      outliers: random.chance(0.5)
        ? {
            consecutive5xx: count(),
            consecutiveGatewayErrors: count(),
            consecutiveConnectFailures: count(),
            ejectionMs: 100,
            maximumEjectionMs: 1000,
            maximumEjectionPercent: random.pick([10, 100]),
          }
        : null,
    },
  };
}

/** Nothing is a reason to try again but what always is. */
const KEEPS_BODIES: RetryOptions = {
  on: [],
  statuses: [],
  attempts: 1,
  isForAllMethods: false,
  perTryTimeoutMs: 0,
  backOffMs: 0,
  maximumBackOffMs: 0,
  bodyBytes: 1 << 20,
};

/** Filters do anything, at once or later. */
function filtersPlan(random: Random): HttpPlan {
  const plan = random.pick([calmPlan, roughPlan, routesPlan])(random);
  return {
    ...plan,
    hasFilters: true,
    options: { ...plan.options, filterTimeoutMs: random.pick([20, 1000]), streamIdleTimeoutMs: 1000 },
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
  const plan = (random: Random): HttpPlan => {
    // A body is kept only where a route may want it again.
    const isKept = random.chance(0.5);
    return {
      ...calmPlan(random),
      methods: isKept ? ["GET", "PUT"] : ["GET", "HEAD", "OPTIONS"],
      idleCloseProbability: 0.5,
      delayMs: random.pick([1, 5]),
      options: {},
      route: isKept ? { retry: KEEPS_BODIES } : {},
    };
  };
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

test(
  "routes try again and copy within their bounds, and each client gets what one upstream answered",
  TIMEOUT,
  async () => {
    let retries = 0;
    let copies = 0;
    await simulate(routesPlan, (world) => {
      retries += world.total("http_upstream_retries_total");
      copies += world.total("http_mirrored_requests_total");
    });
    assert.ok(retries > 0 && copies > 0, `${retries} ${copies}`);
  },
);

test(
  "whatever filters do, and whenever, each client gets what they made of the answer to its request",
  TIMEOUT,
  async () => {
    let answers = 0;
    await simulate(filtersPlan, ({ clients }) => {
      for (const { statuses } of clients) answers += statuses.filter((status) => status === -299).length;
    });
    assert.ok(answers > 0);
  },
);
