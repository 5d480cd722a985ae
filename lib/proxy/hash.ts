/**
 * MurmurHash3, the 32-bit variant for x86: well spread, and the same everywhere, so that all workers agree.
 *
 * @module
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

/**
 * The hash of the bytes from `start` to `end`, 0 to 2^32 - 1. Not against those who choose the bytes to get a certain
 * hash: anybody can.
 */
export function hashBytes(memory: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed | 0;
  const blocksEnd = end - ((end - start) & 3);
  for (let at = start; at < blocksEnd; at += 4) {
    const block =
      (memory[at] as number) |
      ((memory[at + 1] as number) << 8) |
      ((memory[at + 2] as number) << 16) |
      ((memory[at + 3] as number) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = end - 1; at >= blocksEnd; at--) rest = (rest << 8) | (memory[at] as number);
  hash ^= scramble(rest) ^ (end - start);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, C1);
  return Math.imul((mixed << 15) | (mixed >>> 17), C2);
}
