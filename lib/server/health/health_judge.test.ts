import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HealthJudge } from "./health_judge.ts";

const THRESHOLDS = { unhealthyThreshold: 3, healthyThreshold: 2 };

/** For results such as `"+--"`: `H` or `U` after each, in lower case where there was nothing to tell. */
function judged(results: string, isHealthy = true, thresholds = THRESHOLDS): string {
  const judge = new HealthJudge(thresholds, isHealthy);
  return [...results]
    .map((result) => {
      const isNews = judge.record(result === "+");
      const state = judge.isHealthy ? "H" : "U";
      return isNews ? state : state.toLowerCase();
    })
    .join("");
}

describe("an endpoint that is taken as healthy", () => {
  it("is decided upon by its first check", () => {
    assert.equal(judged("+"), "h");
    assert.equal(judged("-"), "U");
  });

  it("becomes unhealthy after as many bad checks in a row as are needed", () => {
    assert.equal(judged("+--+--+---"), "hhhhhhhhhU");
  });

  it("becomes healthy again after as many good ones", () => {
    assert.equal(judged("---+-++--"), "UuuuuuHhh");
  });
});

describe("an endpoint that is taken as unhealthy", () => {
  it("is decided upon by its first check", () => {
    assert.equal(judged("+", false), "H");
    assert.equal(judged("-", false), "U");
    assert.equal(judged("-++", false), "UuH");
  });
});

describe("any results", () => {
  it("change the state exactly when the last ones speak against it, as many as are needed", () => {
    const results = fc.string({ unit: fc.constantFrom("+", "-"), minLength: 1, maxLength: 40 });
    const threshold = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(results, threshold, threshold, (text, unhealthyThreshold, healthyThreshold) => {
        const states = judged(text, true, { unhealthyThreshold, healthyThreshold });
        let changedAt = 0;
        let state = text[0] === "+" ? "h" : "u";
        for (let i = 1; i < text.length; i++) {
          const [needed, sign] = state === "h" ? [unhealthyThreshold, "-"] : [healthyThreshold, "+"];
          const since = text.slice(changedAt + 1, i + 1);
          if (since.endsWith(sign.repeat(needed))) {
            state = state === "h" ? "u" : "h";
            changedAt = i;
            assert.equal(states[i], state.toUpperCase(), `${text} ${states}`);
          } else {
            assert.equal(states[i], state, `${text} ${states}`);
          }
        }
      }),
    );
  });
});
