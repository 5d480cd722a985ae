/**
 * A 32-bit hash of bytes: MurmurHash3 in its variant x86_32 (Austin Appleby, public domain). It is fast and spreads
 * well, but who chooses the input can choose the hash: nothing that has to be secret or safe may depend on it.
 *
 * @module
 */
import type { SocketAddress } from "../net/address.ts";

/** In the place of a hash: there is nothing that one could be made of. */
export const NO_HASH = -1;

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;
const encoder: TextEncoder = new TextEncoder();

/** The hash, 0 to 2^32 - 1, of the bytes from `start` to before `end`; another `seed`, another hash. */
export function hashBytes(memory: Uint8Array, start: number, end: number, seed = 0): number {
  const length = end - start;
  const tail = start + (length & ~3);
  let hash = seed | 0;
  for (let at = start; at < tail; at += 4) {
    const word =
      (memory[at] as number) |
      ((memory[at + 1] as number) << 8) |
      ((memory[at + 2] as number) << 16) |
      ((memory[at + 3] as number) << 24);
    hash ^= scramble(word);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = end - 1; at >= tail; at--) rest = (rest << 8) | (memory[at] as number);
  return mixHash(hash ^ scramble(rest) ^ length);
}

function scramble(word: number): number {
  const product = Math.imul(word, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

/** The hash of a text's UTF-8 bytes. */
export function hashText(text: string, seed = 0): number {
  const bytes = encoder.encode(text);
  return hashBytes(bytes, 0, bytes.length, seed);
}

/**
 * The hash of a client's IP address, without its port; {@linkcode NO_HASH} if it has none. All that a client sends from
 * one address goes to the same place.
 */
export function hashHost(address: SocketAddress | null): number {
  return address === null || address.family === "unix" ? NO_HASH : hashText(address.host);
}

/** Another number, 0 to 2^32 - 1, for each number of 32 bits: the last step of MurmurHash3. */
export function mixHash(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
