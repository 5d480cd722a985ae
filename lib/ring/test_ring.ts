/**
 * A ring for tests: commands one by one, and completions as objects.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as abi from "../../ffi/abi.ts";
import { type Library, loadLibrary } from "../../ffi/library.ts";
import type { RingOptions } from "./options.ts";
import { Ring } from "./ring.ts";

/** A completion, read out of the shared memory. */
export interface Completion {
  readonly slot: number;
  readonly generation: number;
  readonly operation: number;
  readonly result: number;
  readonly flags: number;
}

/** Small sizes, so that tests reach the limits. */
export const SMALL_RING: RingOptions = {
  submissionEntries: 16,
  completionEntries: 64,
  submissionQueuePolling: false,
  submissionQueueIdleMs: 100,
  smallBuffers: { count: 8, bytes: 4096 },
  bulkBuffers: { count: 2, bytes: 16384 },
  writeBuffers: { count: 4, bytes: 4096 },
  commandCapacity: 64,
  completionCapacity: 64,
  disabledFeatures: 0,
};

const DEADLINE_US = 5_000_000;

/** See the module. */
export class TestRing {
  readonly library: Library;
  readonly ring: Ring;
  /** Completions that came and were not asked for yet. */
  readonly pending: Completion[] = [];

  constructor(library: Library, ring: Ring) {
    this.library = library;
    this.ring = ring;
  }

  static async open(options: Partial<RingOptions> = {}, functions: Partial<abi.Functions> = {}): Promise<TestRing> {
    const library = await loadLibrary();
    const altered = { path: library.path, functions: { ...library.functions, ...functions } };
    return new TestRing(altered, new Ring(altered, { ...SMALL_RING, ...options }));
  }

  /** One turn; its completions. */
  turn(minimum = 0, timeoutUs = 0): Completion[] {
    const count = this.ring.enter(minimum, timeoutUs);
    const completions: Completion[] = [];
    for (let i = 0; i < count; i++) {
      const at = i * abi.COMPLETION_WORDS;
      const words = this.ring.completions;
      const tag = words[at + abi.COMPLETION_GENERATION_OPERATION] as number;
      completions.push({
        slot: words[at + abi.COMPLETION_SLOT] as number,
        generation: tag >>> 8,
        operation: tag & 0xff,
        result: words[at + abi.COMPLETION_RESULT] as number,
        flags: words[at + abi.COMPLETION_FLAGS] as number,
      });
    }
    return completions;
  }

  /** The next completion of a slot, waiting for it; others are kept. */
  waitFor(slot: number): Completion {
    for (;;) {
      const index = this.pending.findIndex((completion) => completion.slot === slot);
      if (index >= 0) return this.pending.splice(index, 1)[0] as Completion;
      const completions = this.turn(1, DEADLINE_US);
      assert.ok(completions.length > 0, `waited in vain for slot ${slot}`);
      this.pending.push(...completions);
    }
  }

  /** So many completions, in their order. */
  collect(count: number): Completion[] {
    while (this.pending.length < count) {
      const completions = this.turn(1, DEADLINE_US);
      assert.ok(completions.length > 0, `waited in vain for completion ${this.pending.length + 1} of ${count}`);
      this.pending.push(...completions);
    }
    return this.pending.splice(0, count);
  }

  /** Nothing completes any more. */
  expectQuiet(): void {
    assert.deepEqual(this.pending, []);
    assert.deepEqual(this.turn(1, 20_000), []);
  }

  /** A connected pair of the ring's own sockets, over loopback. */
  pair(): [connecting: number, accepted: number] {
    // 127.0.0.1, and a port that the kernel chooses.
    const loopback = Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const { functions } = this.library;
    const listener = functions.ringway_socket_listen(loopback, loopback.length, 1, 0);
    assert.ok(listener >= 0);
    const address = this.ring.socketName(listener, false);
    const connecting = this.ring.openSocket(2);
    this.ring.accept(listener, false, ACCEPT_SLOT, 0);
    this.ring.connect(connecting, address, CONNECT_SLOT, 0);
    assert.equal(this.waitFor(CONNECT_SLOT).result, 0);
    const accepted = this.waitFor(ACCEPT_SLOT).result;
    assert.ok(accepted >= 0);
    this.ring.cancel(abi.OPERATION_ACCEPT, ACCEPT_SLOT, 0);
    assert.equal(this.waitFor(ACCEPT_SLOT).result, -abi.ECANCELED);
    functions.ringway_socket_close(listener);
    return [connecting, accepted];
  }

  /** Copy bytes to a place in the arena. */
  put(offset: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    this.ring.arena.set(bytes, offset);
    return bytes.length;
  }

  /** The text in the buffer of a completion. */
  text(completion: Completion, bytesEach: number): string {
    const buffer = completion.flags >>> abi.COMPLETION_FLAG_BUFFER_SHIFT;
    const start = buffer * bytesEach;
    return new TextDecoder().decode(this.ring.arena.subarray(start, start + completion.result));
  }

  get openDescriptors(): number {
    return this.ring.info(abi.INFO_OPEN_DESCRIPTORS);
  }
}

const ACCEPT_SLOT = 1_000_001;
const CONNECT_SLOT = 1_000_002;
