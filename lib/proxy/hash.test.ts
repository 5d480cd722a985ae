import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ipAddress } from "../net/address.ts";
import { hashBytes, hashHost, hashText, mixHash, NO_HASH } from "./hash.ts";

function hashOf(bytes: readonly number[], seed: number): number {
  return hashBytes(Uint8Array.from(bytes), 0, bytes.length, seed);
}

describe("hashBytes", () => {
  it("gives the published values of MurmurHash3_x86_32", () => {
    const vectors: readonly (readonly [bytes: readonly number[], seed: number, hash: number])[] = [
      [[], 0, 0],
      [[], 1, 0x514e28b7],
      [[], 0xffffffff, 0x81f16f39],
      [[0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
      [[0x21, 0x43, 0x65, 0x87], 0, 0xf55b516b],
      [[0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
      [[0x21, 0x43, 0x65], 0, 0x7e4a8634],
      [[0x21, 0x43], 0, 0xa0f7b07a],
      [[0x21], 0, 0x72661cf4],
      [[0, 0, 0, 0], 0, 0x2362f9de],
      [[0, 0, 0], 0, 0x85f0b427],
      [[0, 0], 0, 0x30f4c306],
      [[0], 0, 0x514e28b7],
    ];
    for (const [bytes, seed, hash] of vectors) assert.equal(hashOf(bytes, seed), hash, `${bytes} seed ${seed}`);
    assert.equal(hashText("aaaa", 0x9747b28c), 0x5a97808a);
    assert.equal(hashText("Hello, world!", 0x9747b28c), 0x24884cba);
    assert.equal(hashText("The quick brown fox jumps over the lazy dog", 0x9747b28c), 0x2fa826cd);
  });

  it("looks at the given part of the memory only", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, bytes, after) => {
        const memory = Uint8Array.from([...before, ...bytes, ...after]);
        const part = hashBytes(memory, before.length, before.length + bytes.length, 7);
        assert.equal(part, hashBytes(bytes, 0, bytes.length, 7));
        assert.ok(Number.isInteger(part) && part >= 0 && part < 2 ** 32);
      }),
    );
  });
});

describe("hashHost", () => {
  it("is the same for all ports of an address, and nothing for what has no address", () => {
    assert.equal(hashHost(ipAddress("127.0.0.1", 1)), hashHost(ipAddress("127.0.0.1", 2)));
    assert.notEqual(hashHost(ipAddress("127.0.0.1", 1)), hashHost(ipAddress("127.0.0.2", 1)));
    assert.equal(hashHost({ family: "unix", path: "x" }), NO_HASH);
    assert.equal(hashHost(null), NO_HASH);
  });
});

describe("mixHash", () => {
  it("gives different numbers for different ones", () => {
    const mixed = new Set(Array.from({ length: 10_000 }, (_, index) => mixHash(index)));
    assert.equal(mixed.size, 10_000);
  });
});
