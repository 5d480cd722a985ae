import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ECONNREFUSED, EMFILE } from "../../ffi/abi.ts";
import type { OutlierOptions } from "./cluster_options.ts";
import { Endpoint } from "./endpoint.ts";
import { OutlierDetector } from "./outlier_detector.ts";
import { endpointStates } from "./test_endpoints.ts";

const OPTIONS: OutlierOptions = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  consecutiveConnectFailures: 0,
  ejectionMs: 1000,
  maximumEjectionMs: 3500,
  maximumEjectionPercent: 100,
};

/** A detector of some endpoints, and what it has told. */
function create(options: Partial<OutlierOptions>, count = 4) {
  const told: string[] = [];
  const endpoints = endpointStates(new Array(count).fill(1)).map((state) => new Endpoint(state));
  const detector = new OutlierDetector(
    { ...OPTIONS, ...options },
    {
      onEjected: (_endpoint, reason, durationMs) => void told.push(`${reason} ${durationMs}`),
      onReinstated: () => void told.push("back"),
    },
  );
  detector.update(endpoints);
  const [endpoint] = endpoints;
  assert.ok(endpoint);
  return { detector, endpoints, endpoint, told };
}

describe("OutlierDetector", () => {
  it("counts 5xx in a row, and failures as such", () => {
    const { detector, endpoint, told } = create({ consecutive5xx: 3 });
    detector.onResponse(endpoint, 500, 0);
    detector.onResponse(endpoint, 501, 0);
    detector.onResponse(endpoint, 404, 0);
    detector.onResponse(endpoint, 599, 0);
    detector.onConnectFailure(endpoint, 0);
    assert.deepEqual(told, []);
    detector.onReset(endpoint, 0);
    assert.deepEqual(told, ["5xx 1000"]);
    assert.ok(endpoint.record.isEjected);
  });

  it("counts gateway errors in a row, which another 5xx interrupts", () => {
    const { detector, endpoint, told } = create({ consecutiveGatewayErrors: 3 });
    for (const status of [502, 503, 500, 504, 505, 502, 503]) detector.onResponse(endpoint, status, 0);
    assert.deepEqual(told, []);
    detector.onResponse(endpoint, 504, 0);
    assert.deepEqual(told, ["gateway errors 1000"]);
  });

  it("counts failed connections in a row, which any response interrupts", () => {
    const { detector, endpoint, told } = create({ consecutiveConnectFailures: 2 });
    detector.onConnectFailure(endpoint, 0, ECONNREFUSED);
    detector.onResponse(endpoint, 503, 0);
    detector.onReset(endpoint, 0);
    detector.onSuccess(endpoint);
    detector.onReset(endpoint, 0);
    assert.deepEqual(told, []);
    detector.onConnectFailure(endpoint, 0, ECONNREFUSED);
    assert.deepEqual(told, ["connect failures 1000"]);
  });

  it("does not blame an endpoint for what is lacking here", () => {
    const { detector, endpoint, told } = create({ consecutiveConnectFailures: 1 });
    detector.onConnectFailure(endpoint, 0, EMFILE);
    assert.deepEqual(told, []);
  });

  it("never ejects for counts that are 0", () => {
    const { detector, endpoint, told } = create({});
    for (let count = 0; count < 100; count++) detector.onReset(endpoint, 0);
    assert.deepEqual(told, []);
  });

  it("leaves an endpoint out for longer each time in a row, up to the maximum", () => {
    const { detector, endpoint, told } = create({ consecutiveConnectFailures: 1 });
    let nowMs = 0;
    for (let count = 0; count < 5; count++) {
      detector.onReset(endpoint, nowMs);
      const { returnMs } = endpoint.record;
      assert.equal(detector.nextReturnMs, returnMs);
      detector.reinstate(returnMs - 1);
      assert.ok(endpoint.record.isEjected);
      detector.reinstate(returnMs);
      assert.ok(!endpoint.record.isEjected);
      nowMs = returnMs + 1;
    }
    const durations = told.filter((line) => line !== "back").map((line) => Number(line.split(" ").at(-1)));
    assert.deepEqual(durations, [1000, 2000, 3000, 3500, 3500]);
  });

  it("forgets an ejection when the endpoint was good for as long as that", () => {
    const lastDuration = (goodMs: number) => {
      const { detector, endpoint, told } = create({ consecutiveConnectFailures: 1 });
      for (const atMs of [0, 1000]) {
        detector.reinstate(atMs);
        detector.onReset(endpoint, atMs);
      }
      detector.reinstate(3000);
      detector.onReset(endpoint, 3000 + goodMs);
      return told.at(-1);
    };
    assert.equal(lastDuration(0), "connect failures 3000");
    assert.equal(lastDuration(1999), "connect failures 3000");
    assert.equal(lastDuration(2000), "connect failures 2000");
    assert.equal(lastDuration(2999), "connect failures 2000");
    assert.equal(lastDuration(3000), "connect failures 1000");
    assert.equal(lastDuration(1_000_000), "connect failures 1000");
  });

  it("ignores what an endpoint does while it is left out, or after it is gone", () => {
    const { detector, endpoint, endpoints, told } = create({ consecutiveConnectFailures: 1 });
    detector.onReset(endpoint, 0);
    detector.onReset(endpoint, 500);
    assert.deepEqual(told, ["connect failures 1000"]);
    const gone = endpoints[1];
    assert.ok(gone);
    gone.isRemoved = true;
    detector.update(endpoints.filter(({ isRemoved }) => !isRemoved));
    detector.onReset(gone, 500);
    assert.equal(detector.ejectedCount, 1);
  });

  it("tries again to eject when there is room", () => {
    const options = { consecutiveConnectFailures: 2, maximumEjectionPercent: 10 };
    const { detector, endpoints } = create(options, 2);
    const [one, other] = endpoints;
    assert.ok(one && other);
    for (let count = 0; count < 2; count++) detector.onReset(one, 0);
    for (let count = 0; count < 5; count++) detector.onReset(other, 0);
    assert.deepEqual([one.record.isEjected, other.record.isEjected], [true, false]);
    detector.reinstate(1000);
    detector.onReset(other, 1000);
    assert.deepEqual([one.record.isEjected, other.record.isEjected], [false, true]);
  });

  it("never leaves out more than it may, and knows how many it does", () => {
    const event = fc.record({ endpoint: fc.nat(9), isGood: fc.boolean(), passedMs: fc.nat(800) });
    const percents = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        percents,
        fc.array(event, { maxLength: 200 }),
        (count, percent, events) => {
          const options = { consecutive5xx: 2, maximumEjectionPercent: percent };
          const { detector, endpoints } = create(options, count);
          const bound = Math.max(Math.floor((count * percent) / 100), count >= 2 ? 1 : 0);
          let nowMs = 0;
          for (const { endpoint, isGood, passedMs } of events) {
            nowMs += passedMs;
            detector.reinstate(nowMs);
            detector.onResponse(endpoints[endpoint % count] ?? assert.fail(), isGood ? 200 : 500, nowMs);
            const ejected = endpoints.filter(({ record }) => record.isEjected);
            assert.ok(ejected.length <= bound);
            assert.equal(detector.ejectedCount, ejected.length);
            assert.equal(detector.nextReturnMs, Math.min(...ejected.map(({ record }) => record.returnMs)));
          }
        },
      ),
    );
  });
});
