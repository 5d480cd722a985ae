/**
 * Chooses among clusters by their weights.
 *
 * @module
 */
import { expectNoProblem } from "./config_error.ts";
import type { WeightedCluster } from "./route_options.ts";

const WEIGHT_MAX = 1_000_000;

/** What is wrong with the clusters of a route, or null. */
export function checkClusters(clusters: readonly WeightedCluster[]): string | null {
  for (const { cluster, weight } of clusters) {
    if (!Number.isInteger(weight) || weight < 0 || weight > WEIGHT_MAX) {
      return `The weight of ${cluster}, ${weight}, is no whole number from 0 to ${WEIGHT_MAX}`;
    }
  }
  return clusters.some(({ weight }) => weight > 0) ? null : "There is no cluster with a weight above 0";
}

/** The clusters of a route that get requests. */
export class WeightedClusters {
  readonly #names: readonly string[];
  /** Of each cluster: the sum of the weights up to it. */
  readonly #sums: readonly number[];
  readonly #sum: number;
  readonly #last: string;

  /** Throws `ERR_CONFIG` for clusters that nothing can be chosen of. */
  constructor(clusters: readonly WeightedCluster[]) {
    expectNoProblem("clusters", checkClusters(clusters));
    const chosen = clusters.filter(({ weight }) => weight > 0);
    let sum = 0;
    this.#names = chosen.map(({ cluster }) => cluster);
    this.#sums = chosen.map(({ weight }) => {
      sum += weight;
      return sum;
    });
    this.#sum = sum;
    this.#last = this.#names.at(-1) ?? "";
  }

  /** The only one, or null if there are several. */
  get only(): string | null {
    return this.#names.length === 1 ? this.#last : null;
  }

  /** One of them, by a random number from 0 up to but not with 1. */
  pick(random: number): string {
    const wanted = random * this.#sum;
    for (let index = 0; index < this.#sums.length; index++) {
      if (wanted < (this.#sums[index] as number)) return this.#names[index] as string;
    }
    return this.#last;
  }
}
