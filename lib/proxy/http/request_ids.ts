/**
 * Numbers for requests, to find one again in the logs of all that it passed.
 *
 * @module
 */
import { putHex32 } from "./bytes.ts";

/** Bytes of a number as text. */
export const REQUEST_ID_BYTES = 32;

/** Makes random numbers of 128 bits (xoshiro128**, Blackman and Vigna, 2018), seeded by the system. Not secrets. */
export class RequestIds {
  /** The one that was made last. */
  readonly bytes: Uint8Array = new Uint8Array(REQUEST_ID_BYTES);
  /** The same in four words. */
  readonly words: Uint32Array = new Uint32Array(4);
  readonly #state: Uint32Array = crypto.getRandomValues(new Uint32Array(4));

  /** Write the next one as 32 hexadecimal digits; returns where it ends. */
  put(target: Uint8Array, at: number): number {
    const { words } = this;
    for (let word = 0; word < 4; word++) {
      const drawn = this.#draw();
      words[word] = drawn;
      putHex32(target, at + word * 8, drawn);
    }
    return at + REQUEST_ID_BYTES;
  }

  /** The next one; the bytes are those of the one after it, later. */
  next(): Uint8Array {
    this.put(this.bytes, 0);
    return this.bytes;
  }

  #draw(): number {
    const s = this.#state;
    const a = s[0] as number;
    const b = s[1] as number;
    const c = s[2] as number;
    const d = s[3] as number;
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const c2 = c ^ a;
    const d2 = d ^ b;
    s[1] = b ^ c2;
    s[0] = a ^ d2;
    s[2] = c2 ^ (b << 9);
    s[3] = (d2 << 11) | (d2 >>> 21);
    return result;
  }
}

/** The digits of a number that was given as {@linkcode RequestIds.words}. */
export function requestIdOf(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(REQUEST_ID_BYTES);
  for (let word = 0; word < 4; word++) putHex32(bytes, word * 8, words[word] as number);
  return bytes;
}
