/** How much of a cluster is in use, and which connections are kept for it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryDriver } from "../../net/memory/driver.ts";
import { MemoryNetwork } from "../../net/memory/network.ts";
import type { Endpoint } from "../endpoint.ts";
import { createCluster, endpointStates } from "../test_endpoints.ts";
import { HttpCluster } from "./http_cluster.ts";
import { defaultHttpClusterOptions, type HttpClusterOptions } from "./options.ts";

function create(options: Partial<HttpClusterOptions> = {}, endpoints = 2): HttpCluster {
  const driver = new MemoryDriver(new MemoryNetwork({ seed: 1 }));
  const cluster = createCluster({}, endpointStates(new Array<number>(endpoints).fill(1)));
  return new HttpCluster(driver, cluster, { ...defaultHttpClusterOptions, ...options });
}

/** How often it can be begun. */
function room(begin: () => boolean): number {
  let count = 0;
  while (count < 1000 && begin()) count++;
  return count;
}

describe("requests in a cluster", () => {
  it("are as many as it may have", () => {
    const cluster = create({ maximumRequests: 3 });
    assert.equal(
      room(() => cluster.begin()),
      3,
    );
    assert.equal(cluster.activeRequests, 3);
    cluster.end();
    assert.deepEqual([cluster.begin(), cluster.begin()], [true, false]);
    assert.equal(
      room(() => create({ maximumRequests: 0 }).begin()),
      1000,
    );
  });
});

describe("retries in a cluster", () => {
  /** How many retries there may be, with so many requests under way. */
  function retries(requests: number, options: Partial<HttpClusterOptions>): number {
    const cluster = create(options);
    for (let count = 0; count < requests; count++) cluster.begin();
    return room(() => cluster.beginRetry());
  }

  it("are a part of the requests, and some always", () => {
    const retryBudget = { percent: 20, minimum: 3 };
    assert.deepEqual(
      [0, 1, 15, 16, 20, 100].map((requests) => retries(requests, { retryBudget })),
      [3, 3, 3, 4, 4, 20],
    );
    assert.equal(retries(100, { retryBudget: { percent: 0, minimum: 0 } }), 0);
  });

  it("are not more than a fixed number, if there is one", () => {
    const retryBudget = { percent: 100, minimum: 3 };
    assert.equal(retries(100, { retryBudget, maximumRetries: 7 }), 7);
    assert.equal(retries(1, { retryBudget, maximumRetries: 7 }), 3);
  });

  it("make room for others when they are over", () => {
    const cluster = create({ retryBudget: { percent: 0, minimum: 1 } });
    assert.deepEqual([cluster.beginRetry(), cluster.beginRetry()], [true, false]);
    cluster.endRetry();
    assert.equal(cluster.beginRetry(), true);
  });
});

describe("the connections of a cluster", () => {
  it("are one pool for each endpoint, which goes with it", () => {
    const cluster = create();
    const [one, other] = cluster.cluster.endpoints as readonly [Endpoint, Endpoint];
    const pool = cluster.poolFor(one);
    assert.equal(cluster.poolFor(one), pool);
    assert.notEqual(cluster.poolFor(other), pool);
    cluster.cluster.update(endpointStates([1]), 0);
    cluster.onEndpoints();
    assert.equal(cluster.poolFor(one), pool);
    cluster.cluster.update([], 0);
    cluster.onEndpoints();
    assert.notEqual(cluster.poolFor(one), pool);
  });

  it("know when the worker is about to end", () => {
    const cluster = create();
    assert.equal(cluster.isDraining, false);
    cluster.drain();
    assert.equal(cluster.isDraining, true);
  });
});
