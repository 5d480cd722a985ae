import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PEERS } from "../peers/catalog.ts";
import { inOrder, styleOf } from "./peer_style.ts";
import { BACKGROUNDS } from "./svg.ts";

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const named = (...names: string[]): { name: string }[] => names.map((name) => ({ name }));
const UNKNOWN = "a proxy of tomorrow";

describe("the style of a peer", () => {
  it("stands out on light and dark backgrounds, with the contrast that pictures need (WCAG 2.2, 1.4.11)", () => {
    for (const name of [...PEERS.map((peer) => peer.name), UNKNOWN]) {
      for (const background of BACKGROUNDS) {
        const found = contrast(styleOf(name).colour, background);
        assert.ok(found >= 3, `${name} on ${background}: ${found.toFixed(2)}`);
      }
    }
  });

  it("is its own, and neutral for one that nobody knows", () => {
    const drawn = new Set(PEERS.map(({ name }) => name).map((name) => Object.values(styleOf(name)).join(" ")));
    assert.equal(drawn.size, new Set(PEERS.map(({ name }) => name)).size);
    assert.equal(drawn.has(Object.values(styleOf(UNKNOWN)).join(" ")), false);
  });
});

describe("the order of peers", () => {
  it("is the same in every chart, and those that nobody knows come last as they are", () => {
    const ordered = ["ringway-bun", "ringway-deno", "nginx", "envoy", "zzz", "aaa"];
    assert.deepEqual(inOrder(named("zzz", "nginx", "aaa", "ringway-deno", "envoy", "ringway-bun")), named(...ordered));
    assert.deepEqual(inOrder(named(...ordered)), named(...ordered));
  });
});
