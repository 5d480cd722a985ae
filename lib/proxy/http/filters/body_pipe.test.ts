/**
 * Pieces through transforms, however they come and however long those take.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BodyPipe, type BodySink } from "./body_pipe.ts";
import type { BodyTransform } from "./filter.ts";

const LIMIT = 100;

/** Remembers what it was given; `room` says how many pieces it takes before it is full. */
class TestSink implements BodySink {
  text = "";
  ends = 0;
  drains = 0;
  errors: unknown[] = [];
  waits: Promise<unknown>[] = [];
  room = Number.POSITIVE_INFINITY;

  onPiece(piece: Uint8Array): boolean {
    assert.ok(piece.length > 0);
    assert.equal(this.ends + this.errors.length, 0);
    this.text += new TextDecoder().decode(piece);
    return --this.room > 0;
  }

  onEnd(): void {
    this.ends++;
  }

  onError(error: unknown): void {
    this.errors.push(error);
  }

  onDrain(): void {
    this.drains++;
  }

  onWait(promise: Promise<unknown>): void {
    this.waits.push(promise);
  }

  async settle(): Promise<void> {
    for (let seen = -1; seen !== this.waits.length; ) {
      seen = this.waits.length;
      await Promise.all(this.waits);
    }
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Puts its letter behind each byte, and another one at the end; each step at once or later. */
function marker(letter: string, isLater: () => boolean, seen: string[] = []): BodyTransform {
  const later = <T>(value: T) => (isLater() ? Promise.resolve(value) : value);
  return {
    onPiece: (piece) => later([...new TextDecoder().decode(piece)].map((one) => bytes(one + letter))),
    onEnd: () => later(bytes(`(${letter})`)),
    onAbort: () => void seen.push(letter),
  };
}

describe("a body's pipe", () => {
  it("gives the same, whatever is waited for and however full its sink is", async () => {
    const scenario = fc.record({
      pieces: fc.array(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 30 }), { maxLength: 12 }),
      later: fc.infiniteStream(fc.boolean()),
      count: fc.integer({ min: 0, max: 3 }),
      rooms: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ pieces, later, count, rooms }) => {
        const letters = ["x", "y", "z"].slice(0, count);
        const sink = new TestSink();
        sink.room = rooms.next().value ?? 1;
        const isLater = () => later.next().value === true;
        const pipe = new BodyPipe(
          letters.map((letter) => marker(letter, isLater)),
          sink,
          LIMIT,
        );
        const goOn = async () => {
          await sink.settle();
          sink.room = rooms.next().value ?? 1;
          pipe.resume();
          await sink.settle();
        };
        for (const piece of pieces) {
          const drains = sink.drains;
          if (pipe.push(bytes(piece))) continue;
          for (let round = 0; sink.drains === drains; round++) {
            assert.ok(round < 1000, "a pipe that was full drains");
            await goOn();
          }
        }
        pipe.end();
        for (let round = 0; sink.ends === 0 && round < 1000; round++) await goOn();
        let expected = pieces.join("");
        for (const letter of letters) expected = `${[...expected].map((one) => one + letter).join("")}(${letter})`;
        assert.equal(sink.text, expected);
        assert.equal(sink.ends, 1);
        assert.deepEqual(sink.errors, []);
      }),
      { numRuns: 200 },
    );
  });

  it("passes on what there is without transforms", () => {
    const sink = new TestSink();
    const pipe = new BodyPipe([], sink, LIMIT);
    assert.equal(pipe.push(bytes("one")), true);
    pipe.end();
    assert.deepEqual([sink.text, sink.ends], ["one", 1]);
  });

  it("holds its sender back while a transform waits", async () => {
    const sink = new TestSink();
    let goOn = (): void => {};
    const slow: BodyTransform = {
      onPiece: (piece) =>
        new Promise((resolve) => {
          goOn = () => resolve(piece);
        }),
    };
    const pipe = new BodyPipe([slow], sink, LIMIT);
    assert.equal(pipe.push(bytes("a".repeat(LIMIT))), true);
    assert.equal(pipe.push(bytes("b".repeat(LIMIT))), true);
    assert.equal(pipe.push(bytes("c")), false);
    assert.equal(pipe.isFull, true);
    goOn();
    await sink.waits[0];
    assert.equal(sink.drains, 1);
    assert.equal(pipe.isFull, false);
    assert.equal(sink.text, "a".repeat(LIMIT));
  });

  const FAILURES: readonly (readonly [name: string, transform: BodyTransform])[] = [
    ["throws", { onPiece: () => assert.fail("fails") }],
    ["rejects", { onPiece: () => Promise.reject(new Error("fails")) }],
    ["throws at the end", { onPiece: (piece) => piece, onEnd: () => assert.fail("fails") }],
    ["rejects at the end", { onPiece: (piece) => piece, onEnd: () => Promise.reject(new Error("fails")) }],
    ["gives text", { onPiece: () => "text" as unknown as Uint8Array }],
    ["gives null", { onPiece: () => null as unknown as Uint8Array }],
    ["gives a list of numbers", { onPiece: () => [1] as unknown as Uint8Array[] }],
  ];
  for (const [name, transform] of FAILURES) {
    it(`fails once if a transform ${name}, and aborts all of them once`, async () => {
      const sink = new TestSink();
      const aborted: string[] = [];
      const failing = { ...transform, onAbort: () => void aborted.push("failing") };
      const transforms = [marker("x", () => true, aborted), failing, marker("y", () => false, aborted)];
      const pipe = new BodyPipe(transforms, sink, LIMIT);
      pipe.push(bytes("one"));
      pipe.push(bytes("two"));
      pipe.end();
      await sink.settle();
      pipe.abort();
      assert.equal(pipe.push(bytes("late")), true);
      await sink.settle();
      assert.equal(sink.errors.length, 1);
      assert.equal(sink.ends, 0);
      assert.deepEqual(aborted, ["x", "failing", "y"]);
    });
  }

  it("is silent after it was aborted, and does not abort what has ended", async () => {
    const sink = new TestSink();
    const aborted: string[] = [];
    const pipe = new BodyPipe([marker("x", () => true, aborted)], sink, LIMIT);
    pipe.push(bytes("one"));
    pipe.abort();
    await sink.settle();
    assert.deepEqual([sink.text, sink.ends, sink.errors.length, aborted.length], ["", 0, 0, 1]);
    const whole = new BodyPipe([marker("x", () => false, aborted)], sink, LIMIT);
    whole.push(bytes("a"));
    whole.end();
    whole.abort();
    assert.deepEqual([sink.text, sink.ends, aborted.length], ["ax(x)", 1, 1]);
  });
});
