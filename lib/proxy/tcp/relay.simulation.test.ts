/**
 * Whole TCP proxies on a simulated network: random transfers and random faults. A failure names its seed;
 * `RINGWAY_SEED=n` runs that one alone, `RINGWAY_SEEDS=n` that many.
 *
 * @module
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Faults } from "../../net/memory/faults.ts";
import type { Random } from "../../net/memory/random.ts";
import { seeds } from "../../net/memory/test_support.ts";
import { HEAD_BYTES, type Peer } from "./test_peer.ts";
import { calmPlan, drawScript, type Plan, roughPlan } from "./test_plans.ts";
import { World } from "./test_world.ts";

const SEEDS = 60;
const TRACE_LINES = 40;
/** Bounds the time on a slow machine; the steps are bounded too. */
const TIMEOUT = { timeout: 120_000 };

/** Run a plan with every seed. */
async function simulate(plan: (random: Random) => Plan, check: (world: World) => void = () => {}): Promise<void> {
  for (const seed of seeds(SEEDS)) {
    try {
      check(await runSeed(seed, plan, 0));
    } catch (error) {
      // Again, for the trace.
      const again = await runSeed(seed, plan, TRACE_LINES)
        .then(check)
        .catch((traced: unknown) => traced);
      throw new Error(`Seed ${seed} fails`, { cause: again ?? error });
    }
  }
}

async function runSeed(seed: number, plan: (random: Random) => Plan, traceLines: number): Promise<World> {
  const world = new World(seed, plan, traceLines);
  await world.build();
  await world.run();
  return world;
}

test(
  "without resets all bytes arrive in both directions, half-closes are passed on, and all ends in order",
  TIMEOUT,
  async () => {
    await simulate(calmPlan, (world) => {
      for (const peer of world.peers.values()) {
        assert.equal(peer.errno, 0);
        assert.ok(peer.isComplete);
        assert.equal(peer.sent, peer.script.bytes);
      }
      assert.equal(world.upstreams.length, world.clients.length);
      const bytesOf = (peers: Peer[], which: "sent" | "received") => peers.reduce((all, peer) => all + peer[which], 0);
      assert.equal(bytesOf(world.clients, "received"), bytesOf(world.upstreams, "sent"));
      assert.equal(bytesOf(world.upstreams, "received"), bytesOf(world.clients, "sent"));
      assert.equal(world.total("downstream_bytes_received_total"), bytesOf(world.clients, "sent"));
      assert.equal(world.total("downstream_bytes_sent_total"), bytesOf(world.upstreams, "sent"));
      assert.equal(world.total("downstream_connections_total"), world.clients.length);
      assert.equal(world.total("upstream_connect_failures_total"), 0);
    });
  },
);

test(
  "whatever peers and the network do, bytes stay in order, memory bounded, and all connections end",
  TIMEOUT,
  async () => {
    await simulate(roughPlan);
  },
);

test(
  "an endpoint that can't be reached is retried on the next one, and the client does not notice",
  TIMEOUT,
  async () => {
    const faults: Partial<Faults>[] = [
      { connectRefusedProbability: 1 },
      { connectHangProbability: 1 },
      { connectErrorProbability: 1 },
    ];
    let failures = 0;
    const plan = (random: Random): Plan => ({
      ...calmPlan(random),
      endpoints: 3,
      // Two that fail in some way, and a good one.
      endpointFaults: random.pick([
        [random.pick(faults), random.pick(faults), {}],
        [{}, random.pick(faults), random.pick(faults)],
        [random.pick(faults), {}, random.pick(faults)],
      ]),
    });
    await simulate(plan, (world) => {
      assert.ok(world.clients.every((client) => client.errno === 0 && client.isComplete));
      assert.equal(world.upstreams.length, world.clients.length);
      assert.equal(world.total("upstream_no_endpoint_total"), 0);
      assert.equal(world.total("upstream_connect_failures_total"), world.total("upstream_connect_retries_total"));
      failures += world.total("upstream_connect_failures_total");
    });
    assert.ok(failures > 0);
  },
);

test("when no endpoint can be reached the client is reset, and nothing is kept", TIMEOUT, async () => {
  const plan = (random: Random): Plan => ({
    ...calmPlan(random),
    endpointFaults: Array.from({ length: 3 }, () =>
      random.chance(0.5) ? { connectRefusedProbability: 1 } : { connectHangProbability: 1 },
    ),
  });
  await simulate(plan, (world) => {
    assert.ok(world.clients.every((client) => client.errno > 0));
    assert.equal(world.upstreams.length, 0);
    assert.equal(world.total("upstream_no_endpoint_total"), world.clients.length);
  });
});

test("a reset of one side is passed on to the other, also while its bytes are stalled", TIMEOUT, async () => {
  let resets = 0;
  const plan = (random: Random): Plan => ({
    ...calmPlan(random),
    drawScript: (isClient) => ({
      ...drawScript(random, isClient, false),
      bytes: random.pick([HEAD_BYTES, 75_000]),
      pauseProbability: random.pick([0, 0.9]),
      // Neither side ends: all that ends is by a reset.
      ending: "answer",
      resetAfterMs: isClient === random.chance(0.5) ? random.between(100, 3000) : isClient ? 4000 : -1,
    }),
  });
  await simulate(plan, (world) => {
    for (const client of world.clients) {
      const upstream = client.other ?? world.upstreams.find(({ other }) => other === client);
      if (upstream === undefined) continue;
      const [one, two] = client.ending === "reset" ? [client, upstream] : [upstream, client];
      assert.equal(one.ending, "reset");
      assert.ok(two.ending === "reset" || two.errno > 0, `${two.number} sees the reset of ${one.number}`);
      resets++;
    }
  });
  assert.ok(resets > 0);
});

test("an idle timeout ends connections whose peers have stalled for ever", TIMEOUT, async () => {
  let timeouts = 0;
  const plan = (random: Random): Plan => {
    const rough = roughPlan(random);
    return {
      ...rough,
      options: { ...rough.options, idleTimeoutMs: random.pick([300, 5000]) },
      faults: { ...rough.faults, readerStallProbability: 0.5, readerStallMaximumMs: Number.POSITIVE_INFINITY },
    };
  };
  await simulate(plan, (world) => {
    timeouts += world.total("downstream_idle_timeouts_total");
  });
  assert.ok(timeouts > 0);
});

test("an idle timeout leaves transfers alone that are slow and go on", TIMEOUT, async () => {
  const plan = (random: Random): Plan => ({
    ...calmPlan(random),
    clients: 2,
    // What the kernels have taken is out of the proxy's sight, so let it be little.
    capacityBytes: 500,
    options: { ...calmPlan(random).options, maximumConnections: 10, idleTimeoutMs: 1000 },
    faults: { slowLinkProbability: 1, slowLinkBytesPerMs: 4 },
    drawScript: (isClient) => ({ ...drawScript(random, isClient, false), bytes: 8000 }),
  });
  await simulate(plan, (world) => {
    for (const peer of world.peers.values()) assert.ok(peer.errno === 0 && peer.isComplete && peer.received === 8000);
    assert.equal(world.total("downstream_idle_timeouts_total"), 0);
  });
});

test("a worker that closes its driver ends all that it relays, and keeps nothing", TIMEOUT, async () => {
  const plan = (random: Random): Plan => ({ ...calmPlan(random), workers: 1 });
  for (const seed of seeds(SEEDS)) {
    const world = new World(seed, plan, TRACE_LINES);
    await world.build();
    world.network.runFor(world.random.below(400));
    await world.proxyDrivers[0]?.close();
    assert.equal(world.proxyDrivers[0]?.connectionCount, 0);
    assert.equal(world.total("downstream_connections_active"), 0);
    world.untilPeersEnd();
    world.network.assertNoLeaks();
  }
});

test("one seed gives one course of the whole simulation", TIMEOUT, async () => {
  const trace = async (seed: number) => {
    const world = await runSeed(seed, roughPlan, TRACE_LINES);
    return `${world.network.steps} ${world.network.nowMs}\n${world.network.trace.join("\n")}`;
  };
  for (const seed of [1, 2, 3]) assert.equal(await trace(seed), await trace(seed));
  assert.notEqual(await trace(1), await trace(2));
});
