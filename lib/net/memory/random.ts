/**
 * Random numbers that are the same for the same seed, in every runtime.
 *
 * The generator is xoshiro128** (Blackman and Vigna, 2018): four words of state, only 32-bit
 * arithmetic, which JavaScript does exactly. Its state is filled from the seed by a mixing function,
 * as it must not be all zero and neighbouring seeds should have nothing in common.
 *
 * @module
 */

const TWO_TO_32 = 2 ** 32;

/** A stream of random numbers. */
export class Random {
  readonly #state: Uint32Array = new Uint32Array(4);

  /** The stream of a seed, which is a whole number. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Not a whole number: ${seed}`);
    let word = (seed ^ mix(Math.floor(seed / TWO_TO_32))) >>> 0;
    for (let index = 0; index < this.#state.length; index++) {
      word = (word + 0x9e3779b9) >>> 0;
      this.#state[index] = mix(word);
    }
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const state = this.#state;
    const a = state[0] as number;
    const b = state[1] as number;
    const c = (state[2] as number) ^ a;
    const d = (state[3] as number) ^ b;
    state[0] = a ^ d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
  }

  /** A whole number from 0 to `count - 1`; `count` is 1 to 2^32. */
  below(count: number): number {
    return Math.floor((this.next() / TWO_TO_32) * count);
  }

  /** A whole number from `minimum` to `maximum`, both included. */
  between(minimum: number, maximum: number): number {
    return minimum + this.below(maximum - minimum + 1);
  }

  /** True with a probability. One of 0 draws no number, so that a fault that is off changes nothing. */
  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability * TWO_TO_32;
  }

  /** One of the items, of which there must be some. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Cannot pick from nothing");
    return items[this.below(items.length)] as T;
  }

  /** Another stream, which depends on this one's state alone: what is drawn from it does not shift this one. */
  fork(): Random {
    return new Random(this.next());
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The finalizer of MurmurHash3: each bit of the input changes half of the output's. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
