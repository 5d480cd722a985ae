import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFortio } from "./fortio_result.ts";

const LOAD = { connections: 2, bodyBytes: 4096 };
const GOOD = {
  ActualDuration: 2_000_000_000,
  DurationHistogram: {
    Count: 1000,
    Percentiles: [
      { Percentile: 50, Value: 0.001 },
      { Percentile: 90, Value: 0.002 },
      { Percentile: 99, Value: 0.004 },
      { Percentile: 99.9, Value: 0.008 },
    ],
  },
  RetCodes: { "200": 1000 },
  Sizes: { Min: 4214, Sum: 4_216_000 },
  HeaderSizes: { Min: 118, Sum: 120_000 },
  SocketCount: 2,
};

const read = (changes: object) => parseFortio(JSON.stringify({ ...GOOD, ...changes }, null, 2), LOAD);

describe("the result of fortio", () => {
  it("has requests, seconds and percentiles", () => {
    assert.deepEqual(read({}), { requests: 1000, seconds: 2, p50Ms: 1, p90Ms: 2, p99Ms: 4, p999Ms: 8 });
  });

  it("must be there", () => {
    assert.throws(() => parseFortio("Aborting", LOAD), /Not a result of fortio/);
  });

  it("is void with what failed", () => {
    assert.throws(
      () => read({ RetCodes: { "200": 990, "502": 7, "-1": 3 }, SocketCount: 5 }),
      /7 responses had the status 502, 3 requests failed, 3 connections were cut/,
    );
    assert.throws(() => read({ RetCodes: { "-1": 3 } }), /3 requests failed/);
    assert.throws(() => read({ Sizes: { ...GOOD.Sizes, Min: 118 } }), /a body came back shorter/);
    assert.throws(() => read({ Sizes: { ...GOOD.Sizes, Sum: 4_215_999 } }), /a body came back shorter/);
    assert.throws(() => read({ DurationHistogram: { Count: 0, Percentiles: null } }), /no request was finished/);
  });
});
