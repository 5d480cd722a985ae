import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findBottleneck, findDisturbance } from "./bottleneck.ts";
import { parseResult, parseTimes, type WrkResult, wrkFailure } from "./results.ts";

const GOOD: WrkResult = {
  requests: 1000,
  bytes: 4_300_000,
  durationUs: 1_000_000,
  connectErrors: 0,
  readErrors: 0,
  writeErrors: 0,
  timeouts: 0,
  badStatuses: 0,
  p50Us: 100,
  p90Us: 200,
  p99Us: 300,
  p999Us: 400,
};

describe("the result of a load generator", () => {
  it("is the last line, behind what else it prints", () => {
    const output = `Running 1s test\nRequests/sec:  10.00\n\n${JSON.stringify(GOOD)}\n`;
    assert.deepEqual(parseResult<WrkResult>(output), GOOD);
  });

  it("must be there", () => {
    assert.throws(() => parseResult("Running 1s test\n"), /Not a result: "Running 1s test"/);
    assert.throws(() => parseResult(""), /Not a result/);
  });

  it("of wrk is void with what failed, also when nothing was done", () => {
    assert.equal(wrkFailure(GOOD), null);
    assert.equal(
      wrkFailure({ ...GOOD, badStatuses: 3, timeouts: 1 }),
      "3 responses were not 200, 1 requests timed out",
    );
    assert.equal(wrkFailure({ ...GOOD, requests: 0 }), "no request was finished");
  });
});

it("the times of a shell are those of the programs that it ran", () => {
  assert.equal(parseTimes("0m0.00s 0m0.01s\n1m1.25s 0m0.50s\n"), 61.75);
  assert.throws(() => parseTimes("sh: times: not found"), /Not the times/);
});

describe("the bottleneck", () => {
  it("is not named while the proxy is at its limit", () => {
    assert.equal(findBottleneck({ proxy: 0.95, upstream: 0.99, load: 0.99 }), null);
  });

  it("is the load generator or the upstream at its limit", () => {
    assert.match(
      findBottleneck({ proxy: 0.5, upstream: 0.3, load: 0.97 }) ?? "",
      /load generator .* 97 % .* proxy 50 %/,
    );
    assert.match(findBottleneck({ proxy: 0.5, upstream: 0.93, load: 0.4 }) ?? "", /upstream/);
    assert.match(
      findBottleneck({ proxy: 0.5, upstream: 0.91, load: 1.2 }) ?? "",
      /^the load generator and the upstream were the bottlenecks: 120 % and 91 % of a processor/,
    );
  });

  it("is not named when nobody is at a limit", () => {
    assert.equal(findBottleneck({ proxy: 0.6, upstream: 0.6, load: 0.6 }), null);
  });
});

it("a disturbance is what was used by none of the measurement's own", () => {
  const shares = { proxy: 0.5, upstream: 0.3, load: 0.2 };
  assert.equal(findDisturbance(shares, 1.1), null);
  assert.match(findDisturbance(shares, 1.5) ?? "", /something else used 50 % of a processor/);
});
