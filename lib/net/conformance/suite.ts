/**
 * What every driver has to do, as tests against the {@linkcode Driver} interface alone: both ends of each
 * connection belong to the driver under test.
 *
 * @module
 */
import { describe, test } from "node:test";
import { acceptCases } from "./accept.ts";
import { closeCases } from "./close.ts";
import { connectCases } from "./connect.ts";
import { driverCases } from "./driver.ts";
import { halfCloseCases } from "./half_close.ts";
import { handlerCases } from "./handlers.ts";
import { type HarnessOptions, type MakeHarness, type Skip, TEST_TIMEOUT_MS } from "./harness.ts";
import { pausingCases } from "./pausing.ts";
import { readingCases } from "./reading.ts";
import { resetCases } from "./reset.ts";
import { Scene } from "./scene.ts";
import { timerCases } from "./timers.ts";
import { tortureCases } from "./torture.ts";
import { transferCases } from "./transfer.ts";
import { watermarkCases } from "./watermarks.ts";
import { writingCases } from "./writing.ts";

/** Adds a test to the suite. */
export type Define = (name: string, body: (scene: Scene) => Promise<void>, options?: HarnessOptions) => void;

const CONCERNS: readonly (readonly [concern: string, cases: (define: Define) => void])[] = [
  ["connecting", connectCases],
  ["accepting", acceptCases],
  ["reading", readingCases],
  ["writing", writingCases],
  ["watermarks", watermarkCases],
  ["pausing", pausingCases],
  ["half-close", halfCloseCases],
  ["closing", closeCases],
  ["resetting", resetCases],
  ["handlers", handlerCases],
  ["timers", timerCases],
  ["driver", driverCases],
  ["transfer", transferCases],
  ["torture", tortureCases],
];

/** The names of all tests of the suite. */
export function conformanceTestNames(): string[] {
  const names: string[] = [];
  for (const [, cases] of CONCERNS) cases((name) => names.push(name));
  return names;
}

/** Run the suite on a driver. Tests that it can't pass are shown with the reason. */
export function conformanceSuite(name: string, makeHarness: MakeHarness, skips: readonly Skip[] = []): void {
  const names = new Set(conformanceTestNames());
  const reasons = new Map<string, string>();
  for (const { tests, reason } of skips) {
    for (const skipped of tests) {
      if (!names.has(skipped)) throw new Error(`There is no test "${skipped}" to skip`);
      reasons.set(skipped, reason);
    }
  }
  describe(`conformance of ${name}`, () => {
    for (const [concern, cases] of CONCERNS) {
      describe(concern, () => {
        cases((testName, body, options = {}) => {
          const reason = reasons.get(testName);
          if (reason !== undefined) test(`${testName} (skipped: ${reason})`, { skip: reason }, () => {});
          else test(testName, { timeout: TEST_TIMEOUT_MS }, () => run(makeHarness, body, options));
        });
      });
    }
  });
}

async function run(makeHarness: MakeHarness, body: (scene: Scene) => Promise<void>, options: HarnessOptions) {
  const scene = new Scene(await makeHarness(options));
  try {
    await body(scene);
  } catch (error) {
    // The first error tells what went wrong; the driver may be in any state by now.
    await scene.close().catch(() => {});
    throw error;
  }
  await scene.end();
}
