/**
 * The driver in memory does what all drivers do, whatever the seed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { SocketAddress } from "../address.ts";
import {
  type AddressKind,
  type Harness,
  type HarnessOptions,
  type MakeHarness,
  TEST_CONNECTION_OPTIONS,
} from "../conformance/harness.ts";
import { conformanceSuite } from "../conformance/suite.ts";
import { MemoryDriver } from "./driver.ts";
import { MemoryNetwork } from "./network.ts";

/** Each seed orders all that happens in another way. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const LIMITS = { maximumSteps: 200_000, maximumMs: 600_000 };

for (const seed of SEEDS) conformanceSuite(`the memory driver with seed ${seed}`, (options) => open(seed, options));

const open = (seed: number, options: HarnessOptions): ReturnType<MakeHarness> => {
  const network = new MemoryNetwork({ seed, traceLines: 50 });
  const handlerErrors: unknown[] = [];
  const driver = new MemoryDriver(network, {
    connection: { ...TEST_CONNECTION_OPTIONS, ...options.connection },
    onHandlerError: (error) => handlerErrors.push(error),
  });
  let names = 0;
  const harness: Harness = {
    driver,
    handlerErrors,
    listenAddress: (kind = "ipv4") => addressOf(kind, ++names),
    async until(condition, what) {
      // What was promised before this call is done first, as on a runtime's loop.
      for (let idle = false; !idle; ) {
        await setImmediate();
        if (condition()) return;
        idle = !network.step() && !network.advance();
      }
      throw network.failure(`Waited for ${what}, and nothing is left to happen`);
    },
    async close() {
      await driver.close();
      network.runUntilIdle(LIMITS);
      network.assertNoLeaks();
      assert.equal(driver.connectionCount, 0);
    },
  };
  return Promise.resolve(harness);
};

function addressOf(kind: AddressKind, number: number): SocketAddress {
  switch (kind) {
    case "ipv4":
      return { family: "ipv4", host: "127.0.0.1", port: 0 };
    case "ipv6":
      return { family: "ipv6", host: "::1", port: 0 };
    case "unix":
      return { family: "unix", path: `/run/test-${number}.socket` };
    case "abstract":
      return { family: "unix", path: `@test-${number}` };
  }
}
