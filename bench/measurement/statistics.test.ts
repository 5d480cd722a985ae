import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, summarize, summarizeRatios } from "./statistics.ts";

describe("the median", () => {
  it("is the middle of an odd number of values in any order", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([100, 20, 3]), 20);
  });

  it("is the mean of the two in the middle of an even number", () => {
    assert.equal(median([4, 1, 2, 100]), 3);
  });

  it("of nothing is not a number", () => {
    assert.ok(Number.isNaN(median([])));
  });

  it("leaves its input as it is", () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe("a summary", () => {
  it("has the median and both ends", () => {
    assert.deepEqual(summarize([10, 30, 20]), { median: 20, least: 10, most: 30 });
  });

  it("of nothing is null", () => {
    assert.equal(summarize([]), null);
  });
});

describe("ratios", () => {
  it("are taken within a round, not of the medians", () => {
    // Medians 20 and 40; the machine was twice as slow in the last round.
    assert.deepEqual(summarizeRatios([10, 20, 40], [20, 40, 80]), { median: 0.5, least: 0.5, most: 0.5 });
    assert.deepEqual(summarizeRatios([1, 4, 9], [1, 2, 3]), { median: 2, least: 1, most: 3 });
  });

  it("leave out rounds that lack one side, or have nothing to divide by", () => {
    assert.deepEqual(summarizeRatios([1, undefined, 3, 4], [2, 2, undefined, 0]), {
      median: 0.5,
      least: 0.5,
      most: 0.5,
    });
    assert.equal(summarizeRatios([1], []), null);
  });
});
