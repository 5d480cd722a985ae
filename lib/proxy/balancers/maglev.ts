/**
 * Consistent hashing with a table (Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer,
 * 2016, section 3.4). It is more even than a ring and takes one step, but when an endpoint comes or goes, a few hashes
 * move that would not have to.
 *
 * @module
 */
import type { Candidates } from "../candidates.ts";
import type { Endpoint } from "../endpoint.ts";
import { hashText, mixHash } from "../hash.ts";
import type { CandidatePicker } from "./candidate_picker.ts";

/** Prime; much larger than the number of endpoints, or shares are not exact. */
const TABLE_SIZE = 65537;
/** Random places that are looked at before the table is gone through. */
const PROBES = 32;
const HASH_RANGE = 2 ** 32;
/** Two hashes of a name that have nothing in common. */
const OFFSET_SEED = 0;
const SKIP_SEED = 1;

/**
 * The endpoint in whose place the hash falls. The table has all endpoints of the cluster, also those that can't be
 * picked at present: their hashes, and no others, go elsewhere, and not all to the same endpoint.
 */
export class Maglev implements CandidatePicker {
  readonly #random: () => number;
  readonly #tableSize: number;
  #all: readonly Endpoint[] = [];
  /** In the order of their names, so that all workers have the same table. */
  #sorted: readonly Endpoint[] = [];
  /** Indexes of the sorted endpoints. */
  #table: Int32Array = new Int32Array();

  /** With random numbers from 0 to less than 1, for what has no hash; and a prime. */
  constructor(random: () => number, tableSize: number = TABLE_SIZE) {
    this.#random = random;
    this.#tableSize = tableSize;
  }

  pick(candidates: Candidates, tried: readonly Endpoint[], hash: number): Endpoint | null {
    if (candidates.all !== this.#all) this.#build(candidates.all);
    if (!candidates.hasOther(tried)) return null;
    let probe = hash < 0 ? Math.floor(this.#random() * HASH_RANGE) : hash;
    for (let count = 0; count < PROBES; count++) {
      const endpoint = this.#at(probe);
      if (endpoint.isCandidate && !tried.includes(endpoint)) return endpoint;
      probe = mixHash(probe + 1);
    }
    for (let step = 0; step < this.#tableSize; step++) {
      const endpoint = this.#at(probe + step);
      if (endpoint.isCandidate && !tried.includes(endpoint)) return endpoint;
    }
    return null;
  }

  #at(hash: number): Endpoint {
    return this.#sorted[this.#table[hash % this.#tableSize] as number] as Endpoint;
  }

  #build(all: readonly Endpoint[]): void {
    this.#all = all;
    this.#sorted = [...all].sort((one, other) => (one.name < other.name ? -1 : 1));
    this.#table = new Int32Array(this.#tableSize).fill(-1);
    if (all.length > 0) fillTable(this.#table, this.#sorted);
  }
}

/**
 * Endpoints take places in turns, each in an order of its own, the heaviest in every turn and the others as often as
 * their weights say.
 */
function fillTable(table: Int32Array, endpoints: readonly Endpoint[]): void {
  const size = table.length;
  const places = Uint32Array.from(endpoints, ({ name }) => hashText(name, OFFSET_SEED) % size);
  const skips = Uint32Array.from(endpoints, ({ name }) => (hashText(name, SKIP_SEED) % (size - 1)) + 1);
  const largestWeight = endpoints.reduce((most, { weight }) => Math.max(most, weight), 1);
  const due = new Float64Array(endpoints.length);
  let taken = 0;
  for (let turn = 1; ; turn++) {
    for (let index = 0; index < endpoints.length; index++) {
      if (turn * (endpoints[index] as Endpoint).weight < (due[index] as number)) continue;
      due[index] = (due[index] as number) + largestWeight;
      const skip = skips[index] as number;
      let place = places[index] as number;
      while (table[place] !== -1) place = (place + skip) % size;
      table[place] = index;
      places[index] = (place + skip) % size;
      if (++taken === size) return;
    }
  }
}
