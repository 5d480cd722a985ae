import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SubjectResult } from "../results.ts";
import type { Metric } from "../workloads/workload.ts";
import { checkRateTargets } from "./rate_targets.ts";
import { reachesRate } from "./rates.ts";
import type { TargetResult } from "./target.ts";
import { testSubject, testWorkload } from "./test_runs.ts";

const METRICS: readonly Metric[] = [{ key: "p99At1000", label: "1000/s: p99 ms", role: "compared" }];

/** A subject with its p99 and the requests per second that it reached. */
function subject(name: string, p99: number, reached = 1000): SubjectResult {
  const raw = [{ rate: 1000, fortio: { requests: reached * 2, seconds: 2 } }];
  return { ...testSubject(name, []), samples: [{ values: { p99At1000: p99 }, notes: [], raw }] };
}

function check(...subjects: readonly SubjectResult[]): TargetResult | undefined {
  return checkRateTargets([testWorkload("http-rate", subjects, METRICS)], ["ringway-bun"])[0];
}

describe("targets at fixed rates", () => {
  it("are against the best peer of those that reach the rate, which no limit or direct connection is", () => {
    const others = [subject("nginx", 10), subject("envoy", 5), subject("limit", 1), subject("direct", 1)];
    const result = check(subject("ringway-bun", 4), ...others, subject("haproxy", 2, 940));
    assert.equal(result?.what, "http-rate p99 at 1,000/s / best peer, envoy");
    assert.equal(result.measured, 0.8);
    assert.equal(result.isReached, true);
    assert.equal(check(subject("ringway-bun", 4.1), ...others)?.isReached, false);
  });

  it("say why there is no figure", () => {
    assert.equal(check(subject("ringway-bun", 4, 900), subject("nginx", 10))?.absence, "does not reach the rate");
    assert.equal(check(subject("ringway-bun", 4), subject("nginx", 10, 900))?.absence, "no peer reaches the rate");
    assert.equal(check(subject("nginx", 10))?.absence, "not measured");
    assert.equal(
      check({ ...subject("ringway-bun", 4), failure: "cut" }, subject("nginx", 10))?.absence,
      "not measured",
    );
    assert.deepEqual(checkRateTargets([], ["ringway-bun"]), []);
  });
});

describe("a rate", () => {
  it("is reached in the median of the rounds, with 5 % less", () => {
    const samples = [900, 950, 990].flatMap((reached) => subject("a", 1, reached).samples);
    assert.equal(reachesRate({ ...testSubject("a", []), samples }, 1000), true);
    assert.equal(reachesRate({ ...testSubject("a", []), samples: samples.slice(0, 2) }, 1000), false);
  });

  it("is reached as far as is known if nobody has counted", () => {
    for (const raw of [null, 1, {}, [null], [{ rate: 1000 }], [{ rate: 1000, fortio: { requests: "1" } }]]) {
      const samples = [{ values: {}, notes: [], raw }];
      assert.equal(reachesRate({ ...testSubject("a", []), samples }, 1000), true);
    }
  });
});
