import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OutlierOptions } from "./cluster_options.ts";
import type { EndpointState } from "./endpoint.ts";
import { mixHash, NO_HASH } from "./hash.ts";
import { STATISTIC, Statistics } from "./statistics.ts";
import { BALANCERS, countPicks, createCluster, endpointStates, seededRandom } from "./test_endpoints.ts";

const OUTLIERS: OutlierOptions = {
  consecutive5xx: 5,
  consecutiveGatewayErrors: 0,
  consecutiveConnectFailures: 1,
  ejectionMs: 1000,
  maximumEjectionMs: 10_000,
  maximumEjectionPercent: 50,
};

/** The same endpoints, of which those at these places are not healthy. */
function unhealthy(states: readonly EndpointState[], ...places: readonly number[]): EndpointState[] {
  return states.map((state, index) => ({ ...state, isHealthy: !places.includes(index) }));
}

describe("Cluster", () => {
  it("keeps endpoints that stay, with their counts, and leaves those that go alone", () => {
    const states = endpointStates([1, 1, 1]);
    const cluster = createCluster({}, states);
    const [first, second, third] = cluster.endpoints;
    assert.ok(first && second && third);
    second.activeConnections = 7;
    cluster.update([...states.slice(1), ...endpointStates([1, 1, 1, 1]).slice(3)], 0);
    assert.deepEqual(cluster.endpoints.slice(0, 2), [second, third]);
    assert.equal(second.activeConnections, 7);
    assert.deepEqual([first.isRemoved, second.isRemoved], [true, false]);
    const { endpoints } = cluster;
    cluster.update([...states.slice(1), ...endpointStates([1, 1, 1, 1]).slice(3)], 0);
    assert.equal(cluster.endpoints, endpoints, "nothing has changed");
  });

  it("takes an address once", () => {
    const [state] = endpointStates([3]);
    assert.ok(state);
    const cluster = createCluster({}, [state, { ...state, weight: 5 }]);
    assert.deepEqual(
      cluster.endpoints.map(({ weight }) => weight),
      [3],
    );
  });

  it("takes a weight that changed", () => {
    const states = endpointStates([1, 1]);
    for (const balancer of BALANCERS) {
      const cluster = createCluster({ balancer }, states);
      cluster.pick([], 0, NO_HASH);
      cluster.update(endpointStates([1, 3]), 0);
      const [light = 0, heavy = 0] = countPicks(cluster, 8000, () => cluster.pick([], 0, NO_HASH));
      assert.ok(heavy / light > 2.5 && heavy / light < 3.5, `${balancer}: ${light}, ${heavy}`);
    }
  });

  it("neither uses nor counts endpoints of which nothing is known, unless there are no others", () => {
    const pending = (states: readonly EndpointState[]): EndpointState[] =>
      states.map((state) => ({ ...state, isHealthy: false, isPending: true }));
    const [first, ...others] = endpointStates([1, 1, 1, 1]);
    assert.ok(first);
    for (const balancer of BALANCERS) {
      const cluster = createCluster({ balancer, panicThresholdPercent: 50 }, [first]);
      const used = () =>
        countPicks(cluster, 200, (number) => cluster.pick([], 0, mixHash(number))).map((count) => count > 0);
      cluster.update([first, ...pending(others)], 0);
      assert.deepEqual(used(), [true, false, false, false], `${balancer}: many that are new are no panic`);
      assert.equal(cluster.pick(cluster.endpoints.slice(0, 1), 0, 0), null, `${balancer}: nor are they a way out`);
      cluster.update([{ ...first, isHealthy: false }, ...pending(others)], 0);
      assert.deepEqual(used(), [true, false, false, false], `${balancer}: those that are known, in a panic`);
      cluster.update([first, ...others.map((state, index) => ({ ...state, isHealthy: index === 0 }))], 0);
      assert.deepEqual(used(), [true, true, false, false], `${balancer}: as their checks found them`);
      cluster.update(pending(others), 0);
      assert.deepEqual(used(), [true, true, true], `${balancer}: nothing is known of any`);
    }
  });

  it("uses all endpoints when less than the panic threshold are available", () => {
    const states = endpointStates([1, 1, 1, 1]);
    for (const balancer of BALANCERS) {
      const used = (panicThresholdPercent: number, ...places: number[]) => {
        const cluster = createCluster({ balancer, panicThresholdPercent }, unhealthy(states, ...places));
        return countPicks(cluster, 400, () => cluster.pick([], 0, NO_HASH)).map((count) => count > 0);
      };
      assert.deepEqual(used(50, 0, 1), [false, false, true, true], `${balancer}: half is enough`);
      assert.deepEqual(used(50, 0, 1, 2), [true, true, true, true], `${balancer}: panic`);
      assert.deepEqual(used(0, 0, 1, 2), [false, false, false, true], `${balancer}: never`);
      assert.deepEqual(used(0, 0, 1, 2, 3), [false, false, false, false], `${balancer}: none at all`);
    }
  });

  it("says whether the hash matters", () => {
    const needing = BALANCERS.filter((balancer) => createCluster({ balancer }, []).needsHash);
    assert.deepEqual(needing, ["ring-hash", "maglev"]);
  });

  it("leaves an outlier out until its time is over, and counts that", () => {
    const statistics = new Statistics();
    const told: string[] = [];
    const reporter = {
      onEjected: (_endpoint: unknown, reason: string, durationMs: number) => void told.push(`${reason} ${durationMs}`),
      onReinstated: () => void told.push("back"),
    };
    const values = new Float64Array(statistics.memory);
    const active = () => values[STATISTIC.outlier_ejected_active];
    const cluster = createCluster({ outliers: OUTLIERS }, endpointStates([1, 1, 1]), { statistics, reporter });
    const [bad] = cluster.endpoints;
    assert.ok(bad && cluster.outliers);
    const usesBad = (nowMs: number) => countPicks(cluster, 30, () => cluster.pick([], nowMs, NO_HASH))[0] !== 0;
    assert.ok(usesBad(0));
    cluster.outliers.onConnectFailure(bad, 500);
    assert.ok(!usesBad(500));
    assert.equal(active(), 1);
    cluster.update(endpointStates([1, 1, 1, 1]), 600);
    assert.ok(!usesBad(1499), "other endpoints do not change that");
    assert.ok(usesBad(1500));
    assert.equal(active(), 0);
    assert.deepEqual(told, ["connect failures 1000", "back"]);
    cluster.outliers.onConnectFailure(bad, 1600);
    assert.equal(active(), 1);
    cluster.update(endpointStates([1, 1, 1, 1]).slice(1), 1700);
    assert.equal(active(), 0, "an endpoint that is gone is not left out");
    assert.equal(values[STATISTIC.outlier_ejections_total], 2);
  });
});

describe("slow start", () => {
  const SLOW_START_MS = 10_000;
  const states = endpointStates([1, 1, 1, 1]);

  /** The share of the last endpoint beside that of the others. */
  function shareAt(cluster: ReturnType<typeof createCluster>, nowMs: number): number {
    const counts = countPicks(cluster, 4000, () => cluster.pick([], nowMs, NO_HASH));
    const last = counts.at(-1) ?? 0;
    return last / ((4000 - last) / (counts.length - 1));
  }

  for (const balancer of ["round-robin", "least-connections", "least-request", "random"] as const) {
    it(`${balancer}: lets a new endpoint's share grow`, () => {
      const cluster = createCluster({ balancer, slowStartMs: SLOW_START_MS }, states.slice(0, 3));
      cluster.update(states, 50_000);
      for (const [nowMs, share] of [
        [50_000, 0.1],
        [52_500, 0.325],
        [55_000, 0.55],
        [60_000, 1],
        [90_000, 1],
      ] as const) {
        const actual = shareAt(cluster, nowMs);
        assert.ok(Math.abs(actual - share) < 0.06, `${actual} after ${nowMs - 50_000} ms`);
      }
    });
  }

  for (const balancer of ["ring-hash", "maglev"] as const) {
    it(`${balancer}: gives a new endpoint its share at once`, () => {
      const cluster = createCluster({ balancer, slowStartMs: SLOW_START_MS }, states.slice(0, 3));
      cluster.update(states, 50_000);
      assert.ok(shareAt(cluster, 50_000) > 0.8);
    });
  }

  it("is not for the endpoints that a cluster begins with", () => {
    assert.equal(shareAt(createCluster({ slowStartMs: SLOW_START_MS }, states), 0), 1);
    const cluster = createCluster({ slowStartMs: SLOW_START_MS }, []);
    cluster.update(states, 5);
    assert.equal(shareAt(cluster, 5), 1);
  });

  it("is for an endpoint that is healthy again", () => {
    const cluster = createCluster({ slowStartMs: SLOW_START_MS }, unhealthy(states, 3));
    cluster.update(states, 1000);
    assert.ok(Math.abs(shareAt(cluster, 1000) - 0.1) < 0.01);
    cluster.update(states, 6000);
    assert.ok(Math.abs(shareAt(cluster, 6000) - 0.55) < 0.01, "to be told the same again does not matter");
  });

  it("is for an endpoint that was left out", () => {
    const random = seededRandom(3);
    const cluster = createCluster({ slowStartMs: SLOW_START_MS, outliers: OUTLIERS }, states, { random });
    const last = cluster.endpoints.at(-1);
    assert.ok(last);
    cluster.outliers?.onConnectFailure(last, 0);
    assert.equal(shareAt(cluster, 999), 0);
    assert.ok(Math.abs(shareAt(cluster, 1000) - 0.1) < 0.01);
    assert.ok(Math.abs(shareAt(cluster, 11_000) - 1) < 0.01);
  });
});
