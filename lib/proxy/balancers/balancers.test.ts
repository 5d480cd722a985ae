import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BalancerName } from "../cluster_options.ts";
import type { Endpoint } from "../endpoint.ts";
import { hashText, NO_HASH } from "../hash.ts";
import { BALANCERS, countPicks, createCluster, endpointStates, seededRandom } from "../test_endpoints.ts";

/** The greatest part, of 1, by which a count is away from its share by weight. */
function greatestError(counts: readonly number[], weights: readonly number[]): number {
  const picks = counts.reduce((all, count) => all + count, 0);
  const total = weights.reduce((all, weight) => all + weight, 0);
  return Math.max(...counts.map((count, index) => Math.abs(count / ((picks * (weights[index] ?? 0)) / total) - 1)));
}

/** Without chance: none but for rounding. Points on a ring: of the lightest of three endpoints, three deviations. */
const TOLERANCE: Readonly<Record<BalancerName, number>> = {
  "round-robin": 0.001,
  "least-connections": 0.001,
  "least-request": 0.05,
  random: 0.05,
  "ring-hash": 0.27,
  maglev: 0.05,
};

/** Hashes as of many clients. */
const HASHES: readonly number[] = Array.from({ length: 40_000 }, (_, index) => hashText(`client ${index}`));

describe("every balancer", () => {
  for (const balancer of BALANCERS) {
    it(`${balancer}: picks endpoints by weight when nothing else speaks for one`, () => {
      const tolerance = TOLERANCE[balancer];
      for (const weights of [[1, 1, 1, 1], [5, 1, 1], [100, 300, 600], [7], [1000, 999]]) {
        const cluster = createCluster({ balancer }, endpointStates(weights));
        const counts = countPicks(cluster, HASHES.length, (number) => cluster.pick([], 0, HASHES[number] ?? 0));
        const error = greatestError(counts, weights);
        assert.ok(error < tolerance, `${balancer} ${weights}: ${counts} is ${error} off`);
        const random = countPicks(cluster, HASHES.length, () => cluster.pick([], 0, NO_HASH));
        assert.ok(greatestError(random, weights) < tolerance, `${balancer} ${weights} without hash: ${random}`);
      }
    });

    it(`${balancer}: never picks what was tried, and everything else before it gives up`, () => {
      const states = fc.array(
        fc.record({ weight: fc.integer({ min: 1, max: 1000 }), isHealthy: fc.boolean(), active: fc.nat(5) }),
        { minLength: 1, maxLength: 9 },
      );
      const hash = fc.integer({ min: NO_HASH, max: 2 ** 32 - 1 });
      fc.assert(
        fc.property(states, hash, fc.nat(), (drawn, hash, seed) => {
          const healthy = drawn.map(({ isHealthy }) => isHealthy);
          const options = { balancer, panicThresholdPercent: 1 };
          const states = endpointStates(drawn.map(({ weight }) => weight)).map((state, index) => {
            return { ...state, isHealthy: healthy[index] === true };
          });
          const cluster = createCluster(options, states, { random: seededRandom(seed), worker: seed % 5 });
          for (const [index, endpoint] of cluster.endpoints.entries()) {
            endpoint.activeConnections = drawn[index]?.active ?? 0;
          }
          const tried: Endpoint[] = [];
          for (let pick = cluster.pick(tried, 0, hash); pick !== null; pick = cluster.pick(tried, 0, hash)) {
            assert.ok(!tried.includes(pick), "it was tried");
            tried.push(pick);
          }
          assert.equal(tried.length, drawn.length);
          const healthyCount = healthy.filter(Boolean).length;
          const first = tried.slice(0, healthyCount);
          assert.ok(
            first.every(({ isHealthy }) => isHealthy),
            "the healthy ones come first",
          );
        }),
      );
    });

    it(`${balancer}: has nothing to pick from no endpoints`, () => {
      assert.equal(createCluster({ balancer }, []).pick([], 0, 5), null);
    });
  }
});

describe("round-robin", () => {
  it("spreads the picks of a heavy endpoint, as nginx does", () => {
    const cluster = createCluster({ balancer: "round-robin" }, endpointStates([5, 1, 1]));
    const names = Array.from(
      { length: 7 },
      () => "abc"[cluster.endpoints.indexOf(cluster.pick([], 0, NO_HASH) ?? fail())],
    );
    assert.equal(names.join(""), "aabacaa");
  });

  it("starts each worker at another endpoint", () => {
    for (const weights of [
      [1, 1, 1],
      [3, 2, 1],
    ]) {
      const firsts = [0, 1, 2].map((worker) => {
        const cluster = createCluster({ balancer: "round-robin" }, endpointStates(weights), { worker });
        return cluster.pick([], 0, NO_HASH)?.name;
      });
      assert.ok(new Set(firsts).size > 1, `${weights}: ${firsts}`);
    }
  });
});

describe("least-connections", () => {
  it("fills endpoints in proportion to their weights", () => {
    for (const weights of [
      [1, 1, 1],
      [1, 2, 7],
    ]) {
      const cluster = createCluster({ balancer: "least-connections" }, endpointStates(weights));
      const total = weights.reduce((all, weight) => all + weight, 0);
      for (let count = 0; count < total * 10; count++) (cluster.pick([], 0, NO_HASH) ?? fail()).activeConnections++;
      const active = cluster.endpoints.map(({ activeConnections }) => activeConnections);
      for (const [index, count] of active.entries()) {
        assert.ok(Math.abs(count - (weights[index] ?? 0) * 10) <= 1, `${weights}: ${active}`);
      }
    }
  });

  it("picks the one with the fewest per weight", () => {
    const cluster = createCluster({ balancer: "least-connections" }, endpointStates([10, 1, 5]));
    const [a, b, c] = cluster.endpoints;
    assert.ok(a && b && c);
    [a.activeConnections, b.activeConnections, c.activeConnections] = [19, 2, 11];
    assert.equal(cluster.pick([], 0, NO_HASH), a);
    assert.equal(cluster.pick([a], 0, NO_HASH), b);
  });
});

describe("least-request", () => {
  it("takes the less busy one of two", () => {
    const cluster = createCluster({ balancer: "least-request" }, endpointStates([1, 1]));
    const [busy, idle] = cluster.endpoints;
    assert.ok(busy && idle);
    busy.activeConnections = 1;
    for (let count = 0; count < 100; count++) assert.equal(cluster.pick([], 0, NO_HASH), idle);
  });

  it("keeps endpoints about as busy as their weights say", () => {
    const weights = [1, 1, 2, 4, 1, 3];
    const cluster = createCluster({ balancer: "least-request" }, endpointStates(weights));
    for (let count = 0; count < 1200; count++) (cluster.pick([], 0, NO_HASH) ?? fail()).activeConnections++;
    const active = cluster.endpoints.map(({ activeConnections }) => activeConnections);
    // Random choices alone are off by twice as much with this seed.
    assert.ok(greatestError(active, weights) < 0.05, `${active}`);
  });
});

for (const balancer of ["ring-hash", "maglev"] as const) {
  describe(balancer, () => {
    /** Which endpoint each hash belongs to. */
    function owners(cluster: ReturnType<typeof createCluster>): (string | undefined)[] {
      return HASHES.map((hash) => cluster.pick([], 0, hash)?.name);
    }

    it("gives a hash to the same endpoint in every worker, in whatever order it knows them", () => {
      const states = endpointStates([1, 2, 3, 4, 5]);
      const one = createCluster({ balancer }, states, { worker: 1 });
      const other = createCluster({ balancer }, [...states].reverse(), { worker: 2, random: seededRandom(9) });
      assert.deepEqual(owners(one), owners(other));
    });

    it("moves hardly any hash but those of an endpoint that goes, and those to one that comes", () => {
      for (const weights of [ones(4), new Array(10).fill(100), [100, 50, 50, 20, 10, 100], ones(100)]) {
        // Part of the hashes that move without need.
        const tolerance = balancer === "maglev" ? 0.03 : weights.length > 64 ? 0.015 : 0;
        const states = endpointStates(weights);
        const cluster = createCluster({ balancer }, states);
        const before = owners(cluster);
        const gone = cluster.endpoints[1]?.name;
        cluster.update(states.toSpliced(1, 1), 0);
        const without = owners(cluster);
        const moved = before.filter((name, index) => name !== gone && without[index] !== name);
        assert.ok(moved.length <= tolerance * HASHES.length, `${weights}: ${moved.length} moved`);
        assert.ok(!without.includes(gone));
        cluster.update(states, 0);
        assert.deepEqual(owners(cluster), before, "all come back");
      }
    });

    it("moves only the hashes of an endpoint that is not available, and spreads them", () => {
      const states = endpointStates(ones(8));
      const cluster = createCluster({ balancer }, states);
      const before = owners(cluster);
      const bad = cluster.endpoints[3]?.name;
      cluster.update(
        states.map((state, index) => ({ ...state, isHealthy: index !== 3 })),
        0,
      );
      const heirs = new Map<string | undefined, number>();
      for (const [index, owner] of owners(cluster).entries()) {
        if (before[index] !== bad) assert.equal(owner, before[index]);
        else heirs.set(owner, (heirs.get(owner) ?? 0) + 1);
      }
      assert.equal(heirs.size, 7, "no one gets all of them");
      assert.ok(Math.max(...heirs.values()) < (2 * HASHES.length) / 8 / 7);
      assert.ok(!heirs.has(bad));
    });

    it("goes from a hash's endpoint always to the same next one", () => {
      const cluster = createCluster({ balancer }, endpointStates([1, 1, 1, 1, 1]));
      for (const hash of HASHES.slice(0, 100)) {
        const first = cluster.pick([], 0, hash);
        assert.ok(first);
        const second = cluster.pick([first], 0, hash);
        assert.notEqual(second, first);
        assert.equal(cluster.pick([first], 0, hash), second);
      }
    });

    it("finds the only endpoint that is left of many", () => {
      const states = endpointStates(ones(300)).map((state, index) => ({
        ...state,
        isHealthy: index === 7,
      }));
      const cluster = createCluster({ balancer, panicThresholdPercent: 0 }, states);
      for (const hash of HASHES.slice(0, 1000)) assert.equal(cluster.pick([], 0, hash), cluster.endpoints[7]);
    });
  });
}

function ones(count: number): number[] {
  return new Array<number>(count).fill(1);
}

function fail(): never {
  assert.fail("nothing was picked");
}
