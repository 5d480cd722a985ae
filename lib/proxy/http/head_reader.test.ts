/** A head that comes in pieces is the head that comes whole. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Head } from "../../http/head.ts";
import { defaultHttpLimits } from "../../http/limits.ts";
import { PARSE_FAULT, PARSE_INCOMPLETE, parseRequestHead } from "../../http/parse_head.ts";
import { latin1, textOf } from "../../http/test_messages.ts";
import { leaseBytes } from "../../ring/lease.ts";
import { type HeadLender, HeadReader } from "./head_reader.ts";

/** Lends heads, and counts those that are away. */
class Lender implements HeadLender {
  readonly partialHeadBytes = defaultHttpLimits.headBytes + 4;
  away = 0;

  takeHead(): Head {
    this.away++;
    return new Head(defaultHttpLimits);
  }

  giveHead(): void {
    this.away--;
  }
}

const HEAD = "GET /path HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n";

/** Give a reader pieces until a head is complete. Returns the head's text, and what is behind it in the last piece. */
function read(pieces: readonly string[]): { text: string; rest: string; kept: boolean[]; lender: Lender } {
  const lender = new Lender();
  const reader = new HeadReader();
  const kept: boolean[] = [];
  for (const piece of pieces) {
    // Somewhere in memory, with other bytes around it.
    const memory = latin1(`##${piece}##`);
    const lease = leaseBytes(memory);
    lease.offset = 2;
    lease.length = piece.length;
    assert.equal(reader.hasBegun, kept.length > 0);
    const end = reader.gather(lease, lender);
    const { head, memory: where, base, earlierBytes } = reader;
    const parsed = parseRequestHead(head, where, base, end);
    if (parsed === PARSE_INCOMPLETE) {
      kept.push(reader.keep(lease, lender));
      // What was kept is a copy.
      memory.fill(0);
      continue;
    }
    assert.notEqual(parsed, PARSE_FAULT);
    const text = textOf(where.subarray(base, base + parsed));
    const rest = piece.slice(parsed - earlierBytes);
    assert.equal(reader.end(), head);
    lender.giveHead();
    return { text, rest, kept, lender };
  }
  return assert.fail("no head is complete");
}

describe("a head", () => {
  it("that comes whole is parsed where it is", () => {
    const { text, rest, kept, lender } = read([`${HEAD}body`]);
    assert.deepEqual([text, rest, kept, lender.away], [HEAD, "body", [], 0]);
  });

  it("is the same however it is cut, with what is behind it", () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: HEAD.length - 1 }), { maxLength: 10 });
    fc.assert(
      fc.property(cuts, fc.constantFrom("", "GET", HEAD), (at, behind) => {
        const ends = [...at.sort((one, other) => one - other), HEAD.length + behind.length];
        const pieces = ends.map((end, index) => `${HEAD}${behind}`.slice(index === 0 ? 0 : ends[index - 1], end));
        const { text, rest, kept, lender } = read(pieces);
        assert.deepEqual([text, rest, lender.away], [HEAD, behind, 0]);
        assert.deepEqual(
          kept,
          pieces.slice(0, -1).map((_, index) => index === 0),
        );
      }),
    );
  });

  it("that is dropped is given back, and the next one begins anew", () => {
    const lender = new Lender();
    const reader = new HeadReader();
    const lease = leaseBytes(latin1("GET /old"));
    reader.gather(lease, lender);
    reader.keep(lease, lender);
    assert.equal(reader.hasBegun, true);
    reader.drop(lender);
    assert.deepEqual([reader.hasBegun, lender.away], [false, 0]);
    reader.drop(lender);
    assert.equal(lender.away, 0);
    const next = leaseBytes(latin1(HEAD));
    assert.equal(reader.gather(next, lender), HEAD.length);
    assert.deepEqual([reader.memory, reader.base, reader.earlierBytes], [next.memory, 0, 0]);
  });

  it("that is too long is found to be so, in bounded memory", () => {
    const lender = new Lender();
    const reader = new HeadReader();
    for (let count = 0; count < 1000; count++) {
      const lease = leaseBytes(latin1(count === 0 ? "GET /" : "x".repeat(1000)));
      const end = reader.gather(lease, lender);
      if (parseRequestHead(reader.head, reader.memory, reader.base, end) === PARSE_FAULT) {
        assert.ok(end <= lender.partialHeadBytes);
        return;
      }
      reader.keep(lease, lender);
    }
    assert.fail("it was not");
  });
});
