/**
 * Endpoints and clusters for tests.
 *
 * @module
 */
import { ipAddress } from "../net/address.ts";
import { Random } from "../net/memory/random.ts";
import { Cluster, type ClusterContext } from "./cluster.ts";
import { type BalancerName, type ClusterOptions, defaultClusterOptions } from "./cluster_options.ts";
import type { Endpoint, EndpointState } from "./endpoint.ts";

/** All balancers. */
export const BALANCERS: readonly BalancerName[] = [
  "round-robin",
  "least-connections",
  "least-request",
  "random",
  "ring-hash",
  "maglev",
];

/** Random numbers from 0 to less than 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next() / 2 ** 32;
}

/** Healthy endpoints with these weights, each with an address of its own that depends on its number. */
export function endpointStates(weights: readonly number[]): EndpointState[] {
  return weights.map((weight, index) => ({
    address: ipAddress(`10.0.${index >> 8}.${index & 255}`, 80),
    weight,
    isHealthy: true,
  }));
}

/** A cluster of a worker with the number 0, unless the context says otherwise. */
export function createCluster(
  options: Partial<ClusterOptions>,
  states: readonly EndpointState[],
  context: Partial<ClusterContext> = {},
): Cluster {
  const { worker = 0, random = seededRandom(1), ...rest } = context;
  return new Cluster("test", { ...defaultClusterOptions, ...options }, states, { worker, random, ...rest });
}

/** How often each endpoint is picked, in the order of the cluster's endpoints. */
export function countPicks(cluster: Cluster, picks: number, pick: (number: number) => Endpoint | null): number[] {
  const counts = new Map<Endpoint | null, number>();
  for (let number = 0; number < picks; number++) {
    const endpoint = pick(number);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return cluster.endpoints.map((endpoint) => counts.get(endpoint) ?? 0);
}
