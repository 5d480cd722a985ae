import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseList, place, usableCores } from "./placement.ts";

describe("the placement on processors", () => {
  it("gives proxy, upstream and load generator a core each, and leaves one", () => {
    const { proxy, upstream, load, description } = place([
      [0, 4],
      [1, 5],
      [2, 6],
      [3, 7],
    ]);
    assert.deepEqual(proxy, ["taskset", "--cpu-list", "1"]);
    assert.deepEqual(upstream, ["taskset", "--cpu-list", "2"]);
    assert.deepEqual(load, ["taskset", "--cpu-list", "3"]);
    assert.match(description, /^pinned/);
  });

  it("pins nothing where there are too few cores, and says so", () => {
    const { proxy, upstream, load, description } = place([
      [0, 2],
      [1, 3],
    ]);
    assert.deepEqual([proxy, upstream, load], [[], [], []]);
    assert.match(description, /nothing is pinned: 2 of the 4 cores/);
  });

  it("reads lists of processors", () => {
    assert.deepEqual(parseList("0-2,5,8-9\n"), [0, 1, 2, 5, 8, 9]);
    assert.deepEqual(parseList(""), []);
  });

  it("finds at least one core here", () => {
    assert.ok(usableCores().flat().length > 0);
  });
});
