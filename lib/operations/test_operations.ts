/**
 * Operations on a ring of their own for tests, waiting in both ways, with a folder for files.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RingwayError } from "../../ffi/errors.ts";
import { TEST_TIMEOUT_MS } from "../net/conformance/harness.ts";
import { openUringHarness, type UringHarness, type UringHarnessOptions } from "../net/uring/test_harness.ts";
import { type Operations, operationsOn } from "./operations.ts";
import type { OperationsOptions } from "./options.ts";

/** What a test gets. */
export interface OperationsScene {
  readonly harness: UringHarness;
  readonly operations: Operations;
  /** The path of a file in a folder of the test's own. */
  path(name: string): string;
}

/** Small, so that tests reach the limits. */
export const SMALL_OPERATIONS: OperationsOptions = { maximumInFlight: 16, buffers: 4, bufferBytes: 4096 };

/** A test that runs twice: in a parked and in a bridged loop. Nothing may be left in the ring at its end. */
export function operationsTest(
  name: string,
  body: (scene: OperationsScene) => Promise<void>,
  options: Partial<OperationsOptions> & UringHarnessOptions = {},
): void {
  for (const waiting of ["parked", "bridged"] as const) {
    test(`${name}, ${waiting}`, { timeout: TEST_TIMEOUT_MS }, async () => {
      const harness = await openUringHarness({ ...options, waiting });
      const operations = operationsOn(harness.driver, { ...SMALL_OPERATIONS, ...operationsOptions(options) });
      const folder = mkdtempSync(join(tmpdir(), "ringway-operations-"));
      try {
        await during(harness, body({ harness, operations, path: (file) => join(folder, file) }));
        await harness.close();
        assert.deepEqual(harness.handlerErrors, []);
        assert.equal(operations.inFlight, 0);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
}

function operationsOptions(options: Partial<OperationsOptions>): Partial<OperationsOptions> {
  const picked: Partial<Record<keyof OperationsOptions, number>> = {};
  for (const name of Object.keys(SMALL_OPERATIONS) as (keyof OperationsOptions)[]) {
    if (options[name] !== undefined) picked[name] = options[name];
  }
  return picked;
}

/** Turn the driver's loop until a promise is settled; its value. */
export async function during<Value>(harness: UringHarness, promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  await harness.until(() => isSettled, "the operations");
  return await promise;
}

/** A promise is rejected with a RingwayError of this code, whose message matches. */
export async function rejects(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof RingwayError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

/** `count` bytes that differ from their neighbours. */
export function pattern(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}
