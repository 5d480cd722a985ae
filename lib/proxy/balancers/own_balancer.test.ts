import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cluster } from "../cluster.ts";
import type { ClusterOptions } from "../cluster_options.ts";
import type { Endpoint } from "../endpoint.ts";
import { NO_HASH } from "../hash.ts";
import { createCluster, endpointStates } from "../test_endpoints.ts";
import type { Balancer, BalancerChoice, BalancerEndpoint } from "./balancer.ts";
import { OwnBalancer } from "./own_balancer.ts";

const NAMED: Partial<ClusterOptions> = { balancer: { module: "file:///own.ts", options: {} } };

/** A cluster whose balancer does this, what it was told, and what the log would be. */
function withPick(pick: (choice: BalancerChoice) => unknown, weights: readonly number[] = [1, 2, 3]) {
  const errors: string[] = [];
  const choices: BalancerChoice[] = [];
  const balancer: Balancer = {
    pick(choice) {
      choices.push({ ...choice });
      return pick(choice) as BalancerEndpoint | null;
    },
  };
  const ownBalancer = new OwnBalancer(balancer, (error) => void errors.push(String(error)));
  const cluster = createCluster(NAMED, endpointStates(weights), { ownBalancer });
  return { cluster, errors, choices };
}

function endpointOf(cluster: Cluster, index: number): Endpoint {
  const endpoint = cluster.endpoints[index];
  assert.ok(endpoint);
  return endpoint;
}

describe("a balancer of the user's own", () => {
  it("chooses among the endpoints with their weights, by a hash if there is one", () => {
    const { cluster, choices } = withPick(({ endpoints, hash }) => endpoints[(hash ?? 0) % endpoints.length] ?? null);
    assert.equal(cluster.needsHash, true);
    assert.equal(cluster.pick([], 0, 5), endpointOf(cluster, 2));
    assert.equal(cluster.pick([], 0, NO_HASH), endpointOf(cluster, 0));
    assert.deepEqual(
      choices.map(({ hash }) => hash),
      [5, null],
    );
    assert.deepEqual([...Array.from(choices[0]?.weights ?? [])], [1, 2, 3]);
    assert.equal(choices[0]?.endpoints, choices[1]?.endpoints, "the same list as long as nothing changes");
  });

  it("is not shown those that were tried, are unhealthy or are gone", () => {
    const { cluster, choices } = withPick(({ endpoints }) => endpoints[0] ?? null);
    const [first, second, third] = [0, 1, 2].map((index) => endpointOf(cluster, index)) as [
      Endpoint,
      Endpoint,
      Endpoint,
    ];
    assert.equal(cluster.pick([first], 0, NO_HASH), second);
    assert.deepEqual(choices.at(-1)?.tried, [first]);
    assert.deepEqual([...Array.from(choices.at(-1)?.weights ?? [])], [2, 3]);
    const [one, , three] = endpointStates([1, 2, 3]);
    assert.ok(one && three);
    cluster.update([{ ...one, isHealthy: false }, three], 0);
    assert.equal(cluster.pick([], 0, NO_HASH), third);
    assert.deepEqual(choices.at(-1)?.endpoints, [third]);
  });

  it("is not asked when nothing is left to choose from; then it is as with any balancer", () => {
    const { cluster, choices } = withPick(() => null, [1]);
    const only = endpointOf(cluster, 0);
    assert.equal(cluster.pick([only], 0, NO_HASH), null);
    cluster.update([{ ...(endpointStates([1])[0] as object), isHealthy: false } as never], 0);
    assert.equal(cluster.pick([], 0, NO_HASH), null);
    assert.equal(choices.length, 1, "with too few that are healthy, all are shown");
  });

  it("may want none", () => {
    const { cluster, errors } = withPick(() => null);
    assert.equal(cluster.pick([], 0, NO_HASH), null);
    assert.equal(cluster.hasCandidates, true);
    assert.deepEqual(errors, []);
  });

  const wrong: readonly (readonly [name: string, pick: (choice: BalancerChoice) => unknown, error: RegExp])[] = [
    ["throws", () => JSON.parse("{"), /^SyntaxError: /],
    [
      "returns nothing",
      () => undefined,
      /^TypeError: pick returned nothing: it is one of the endpoints, or null for none/,
    ],
    ["returns a promise", async () => null, /^TypeError: pick returned a promise: it has to choose at once$/],
    ["returns a promise that fails", () => Promise.reject(new Error("late")), /a promise: it has to choose at once$/],
    [
      "returns what was tried",
      ({ tried }) => tried[0],
      /^TypeError: pick returned an endpoint that was tried already$/,
    ],
    ["returns a copy", ({ endpoints }) => ({ ...endpoints[0] }), /what is none of the endpoints that it was given$/],
    ["returns a name", ({ endpoints }) => endpoints[0]?.name, /what is none of the endpoints that it was given$/],
  ];
  for (const [name, pick, error] of wrong) {
    it(`that ${name} picks none, and the log says so`, () => {
      const { cluster, errors } = withPick(pick);
      assert.equal(cluster.pick([endpointOf(cluster, 0)], 0, NO_HASH), null);
      assert.equal(errors.length, 1);
      assert.match(errors[0] ?? "", error);
    });
  }

  it("has to be there where a cluster names one", () => {
    assert.throws(() => createCluster(NAMED, endpointStates([1])), { code: "ERR_BALANCER" });
  });
});
