/**
 * Streams that are read to their end, fail, or are given up.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamPump } from "./stream_pump.ts";

/** What came of a stream; of each piece `hasRoom` says whether another one may follow. */
class Target {
  readonly pieces: unknown[] = [];
  ends = 0;
  readonly errors: unknown[] = [];
  hasRoom = true;

  push(piece: Uint8Array): boolean {
    this.pieces.push(...piece);
    return this.hasRoom;
  }

  end(): void {
    this.ends++;
  }

  fail(error: unknown): void {
    this.errors.push(error);
  }
}

function numbers(count: number, cancelled: unknown[] = []): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at === count) controller.close();
      else controller.enqueue(Uint8Array.of(at++));
    },
    cancel: (reason) => void cancelled.push(reason),
  });
}

describe("a pump", () => {
  it("gives all pieces, and the end", async () => {
    const target = new Target();
    await new StreamPump(numbers(3), target).run();
    assert.deepEqual([target.pieces, target.ends, target.errors], [[0, 1, 2], 1, []]);
  });

  it("waits for room", async () => {
    const target = new Target();
    target.hasRoom = false;
    const pump = new StreamPump(numbers(2), target);
    const run = pump.run();
    while (target.pieces.length < 1) await null;
    for (let turn = 0; turn < 20; turn++) await null;
    assert.deepEqual(target.pieces, [0]);
    target.hasRoom = true;
    pump.resume();
    await run;
    assert.deepEqual([target.pieces, target.ends], [[0, 1], 1]);
  });

  for (const isFull of [false, true]) {
    it(`cancels its stream, ${isFull ? "also while it waits for room" : "and is silent then"}`, async () => {
      const target = new Target();
      target.hasRoom = !isFull;
      const cancelled: unknown[] = [];
      const pump = new StreamPump(numbers(-1, cancelled), target);
      const run = pump.run();
      while (target.pieces.length < 1) await null;
      pump.cancel();
      pump.cancel();
      await run;
      assert.deepEqual([cancelled.length, target.ends, target.errors], [1, 0, []]);
    });
  }

  it("says that a stream fails, or gives something else than bytes", async () => {
    const failing = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("no")) });
    const text = new ReadableStream({
      start(controller) {
        controller.enqueue("text");
      },
    });
    for (const stream of [failing, text]) {
      const target = new Target();
      await new StreamPump(stream, target).run();
      assert.deepEqual([target.pieces, target.ends, target.errors.length], [[], 0, 1]);
    }
  });

  it("refuses a stream that somebody reads", () => {
    const stream = numbers(1);
    stream.getReader();
    assert.throws(() => new StreamPump(stream, new Target()), TypeError);
  });
});
