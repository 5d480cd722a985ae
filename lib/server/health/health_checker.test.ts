import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, ipAddress } from "../../net/address.ts";
import type { EndpointState } from "../../proxy/endpoint.ts";
import type { WeightedAddress } from "../resolve.ts";
import { HealthChecker } from "./health_checker.ts";
import { FakeChecks, healthCheckOptions } from "./test_fake_checks.ts";

function endpoint(port: number, weight = 1): WeightedAddress {
  return { address: ipAddress("127.0.0.1", port), weight };
}

const NAME = (port: number): string => `127.0.0.1:${port}`;

/** Ports of those that are unhealthy in parentheses, weights other than 1 after a star. */
function describeStates(states: readonly EndpointState[]): string {
  return states
    .map(({ address, weight, isHealthy }) => {
      const text = `${formatAddress(address).split(":").at(-1)}${weight === 1 ? "" : `*${weight}`}`;
      return isHealthy ? text : `(${text})`;
    })
    .join(" ");
}

function create(fake: FakeChecks, options: typeof healthCheckOptions | null = healthCheckOptions) {
  const said: string[] = [];
  const checker = new HealthChecker(
    options,
    {
      onStates: (states) => void said.push(describeStates(states)),
      onHealth: ({ address, isHealthy, lastFailure }, isFirst) =>
        void said.push(`${address}: ${isHealthy ? "healthy" : lastFailure}${isFirst ? " at first" : ""}`),
    },
    fake,
  );
  return { checker, said };
}

describe("the endpoints of a cluster", () => {
  it("are all healthy at first, and then as the first checks say", async () => {
    const fake = new FakeChecks();
    const { checker, said } = create(fake);
    assert.equal(describeStates(checker.setEndpoints([endpoint(1), endpoint(2, 5)])), "1 2*5");
    checker.start();
    await fake.answer("refused", NAME(2));
    await fake.answer(null, NAME(1));
    fake.advance(10);
    assert.deepEqual(said, ["127.0.0.1:2: refused at first", "1 (2*5)"]);
    assert.deepEqual(checker.health, [
      { address: NAME(1), weight: 1, isHealthy: true, lastFailure: null },
      { address: NAME(2), weight: 5, isHealthy: false, lastFailure: "refused" },
    ]);
    checker.stop();
  });

  it("are unhealthy until their first good check when they come later", async () => {
    const fake = new FakeChecks();
    const { checker, said } = create(fake);
    checker.setEndpoints([endpoint(1)]);
    checker.start();
    await fake.answer(null);
    assert.equal(describeStates(checker.setEndpoints([endpoint(1), endpoint(2), endpoint(3)])), "1 (2) (3)");
    await fake.answer(null, NAME(2));
    await fake.answer("refused", NAME(3));
    fake.advance(10);
    assert.deepEqual(said, ["127.0.0.1:2: healthy at first", "127.0.0.1:3: refused at first", "1 2 (3)"]);
    checker.stop();
  });

  it("keep their state when others come and go, and lose it when they go", async () => {
    const fake = new FakeChecks();
    const { checker } = create(fake);
    checker.setEndpoints([endpoint(1), endpoint(2)]);
    checker.start();
    await fake.answer("refused", NAME(1));
    await fake.answer(null, NAME(2));
    assert.equal(describeStates(checker.setEndpoints([endpoint(3), endpoint(1, 7)])), "(3) (1*7)");
    // The one that went is not checked any more.
    fake.advance(2000);
    await fake.settle();
    assert.deepEqual(fake.running.map(({ name }) => name).sort(), [NAME(1), NAME(3)]);
    assert.equal(describeStates(checker.setEndpoints([endpoint(2)])), "(2)");
    checker.stop();
    assert.ok(fake.running.every(({ signal }) => signal.aborted));
  });

  it("are told of together when several change at a time", async () => {
    const fake = new FakeChecks();
    const { checker, said } = create(fake);
    checker.setEndpoints([endpoint(1), endpoint(2), endpoint(3)]);
    checker.start();
    for (const port of [1, 2, 3]) await fake.answer("refused", NAME(port));
    fake.advance(10);
    assert.deepEqual(said.slice(3), ["(1) (2) (3)"]);
    checker.stop();
  });

  it("are all healthy, and not asked, without a health check", async () => {
    const fake = new FakeChecks();
    const { checker } = create(fake, null);
    checker.setEndpoints([endpoint(1)]);
    checker.start();
    assert.equal(describeStates(checker.setEndpoints([endpoint(1), endpoint(2)])), "1 2");
    await fake.settle();
    assert.equal(fake.running.length, 0);
    checker.stop();
  });
});
