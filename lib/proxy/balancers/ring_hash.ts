/**
 * Consistent hashing on a ring, as in ketama: every endpoint has points all around it, and a hash belongs to the next
 * point. An endpoint that comes or goes takes or leaves only what is before its own points.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import { hashText, mixHash } from "../hash.ts";
import type { CandidatePicker } from "./candidate_picker.ts";

/** Points of an endpoint with the largest weight. With n points, 1/sqrt(n) more or less than its share is usual. */
const POINTS = 1024;
/** Of all endpoints together; but each has one. */
const MAXIMUM_POINTS = 65536;
/** A point and the endpoint's index, in one number that is exact. */
const INDEX_RANGE = 2 ** 21;
const HASH_RANGE = 2 ** 32;

/**
 * The endpoint whose point on the ring is next after the hash. The ring has all endpoints of the cluster, also those
 * that can't be picked at present: their hashes, and no others, go to whose point is next after that.
 *
 * No hash moves without need when an endpoint comes or goes, as the number of points of the others stays the same. But
 * when the largest weight passes a power of two, all have other numbers and many hashes move; and above 64 endpoints,
 * where all points would be too many, each has a few more or less: then twice as many hashes move as have to.
 */
export class RingHash implements CandidatePicker {
  readonly #random: () => number;
  #all: readonly Endpoint[] = [];
  #points: Uint32Array = new Uint32Array();
  /** Whose each point is: indexes of endpoints. */
  #owners: Uint32Array = new Uint32Array();

  /** With random numbers from 0 to less than 1, for what has no hash. */
  constructor(random: () => number) {
    this.#random = random;
  }

  pick(candidates: Candidates, tried: readonly Endpoint[], hash: number): Endpoint | null {
    if (candidates.all !== this.#all) this.#build(candidates.all);
    if (!candidates.hasOther(tried)) return null;
    const first = this.#indexAfter(hash < 0 ? Math.floor(this.#random() * HASH_RANGE) : hash);
    for (let step = 0; step < this.#owners.length; step++) {
      const owner = this.#all[this.#owners[(first + step) % this.#owners.length] as number] as Endpoint;
      if (owner.isCandidate && !tried.includes(owner)) return owner;
    }
    return null;
  }

  /** The first point that is not before the hash. */
  #indexAfter(hash: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle] as number) >= hash) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #build(all: readonly Endpoint[]): void {
    this.#all = all;
    const largestWeight = powerOfTwoFrom(all.reduce((most, { weight }) => Math.max(most, weight), 1));
    const pointsPerWeight = Math.min(POINTS, MAXIMUM_POINTS / all.length) / largestWeight;
    const entries: number[] = [];
    for (const [index, { name, weight }] of all.entries()) {
      const seed = hashText(name);
      const count = Math.max(1, Math.round(weight * pointsPerWeight));
      for (let number = 1; number <= count; number++) {
        entries.push(mixHash(seed + Math.imul(number, GOLDEN_RATIO)) * INDEX_RANGE + index);
      }
    }
    const sorted = Float64Array.from(entries).sort();
    this.#points = Uint32Array.from(sorted, (entry) => Math.floor(entry / INDEX_RANGE));
    this.#owners = Uint32Array.from(sorted, (entry) => entry % INDEX_RANGE);
  }
}

/** 2^32 by the golden ratio: its multiples are far from each other. */
const GOLDEN_RATIO = 0x9e3779b9;

/** The least power of two that is not less. */
function powerOfTwoFrom(value: number): number {
  return value <= 1 ? 1 : 2 ** Math.ceil(Math.log2(value));
}
