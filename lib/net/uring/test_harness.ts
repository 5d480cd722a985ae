/**
 * Drivers on real rings for tests, waiting in both ways.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { INFO_OPEN_DESCRIPTORS } from "../../../ffi/abi.ts";
import { loadLibrary } from "../../../ffi/library.ts";
import type { RingOptions } from "../../ring/options.ts";
import { ipAddress, type SocketAddress } from "../address.ts";
import {
  type AddressKind,
  DEADLINE_MS,
  type Harness,
  type HarnessOptions,
  TEST_CONNECTION_OPTIONS,
} from "../conformance/harness.ts";
import { BridgedLoop } from "./bridged_loop.ts";
import { UringDriver, type UringDriverOptions } from "./driver.ts";

/** Which loop pumps the driver: the test, as a worker would, or the runtime's own. */
export type Waiting = "parked" | "bridged";

/** What a test may ask of the ring besides. */
export interface UringHarnessOptions extends HarnessOptions {
  readonly waiting?: Waiting;
  readonly ring?: Partial<RingOptions>;
  readonly acceptSize?: number;
}

/** A harness that also shows the driver's insides. */
export interface UringHarness extends Harness {
  readonly driver: UringDriver;
  readonly notices: readonly string[];
}

/** Small, so that hundreds of rings fit into a test process: the arena of a closed ring stays mapped. */
export const TEST_RING_OPTIONS: RingOptions = {
  submissionEntries: 64,
  completionEntries: 256,
  submissionQueuePolling: false,
  submissionQueueIdleMs: 100,
  smallBuffers: { count: 64, bytes: 4096 },
  bulkBuffers: { count: 4, bytes: 65536 },
  writeBuffers: { count: 16, bytes: 4096 },
  commandCapacity: 512,
  completionCapacity: 256,
  disabledFeatures: 0,
};

let unixSockets = 0;

/** Open a driver on a ring of its own. */
export async function openUringHarness(options: UringHarnessOptions = {}): Promise<UringHarness> {
  const handlerErrors: unknown[] = [];
  const notices: string[] = [];
  const paths: string[] = [];
  const driverOptions: UringDriverOptions = {
    library: await loadLibrary(),
    ring: { ...TEST_RING_OPTIONS, ...options.ring },
    connection: { ...TEST_CONNECTION_OPTIONS, ...options.connection },
    acceptSize: options.acceptSize ?? 5,
    reporter: {
      onHandlerError: (error) => handlerErrors.push(error),
      onNotice: (message) => notices.push(message),
    },
  };
  const driver = new UringDriver(driverOptions);
  // What is still open can be asked only as long as the ring is.
  let openDescriptors = 0;
  const closeRing = driver.ring.closeRing.bind(driver.ring);
  driver.ring.closeRing = () => {
    openDescriptors = driver.ring.info(INFO_OPEN_DESCRIPTORS);
    closeRing();
  };
  const loop = options.waiting === "bridged" ? new BridgedLoop(driver) : null;
  loop?.start();
  return {
    driver,
    handlerErrors,
    notices,
    listenAddress: (kind) => {
      const address = listenAddress(kind);
      if (address.family === "unix" && !address.path.startsWith("@")) paths.push(address.path);
      return address;
    },
    until: (condition, what) => (loop === null ? pump(driver, condition, what) : watch(condition, what)),
    async close() {
      await loop?.stop();
      await driver.close();
      for (const path of paths) rmSync(path, { force: true });
      checkNothingIsLeft(driver);
      assert.equal(openDescriptors, 0, "open descriptors at the end");
    },
  };
}

function listenAddress(kind: AddressKind = "ipv4"): SocketAddress {
  switch (kind) {
    case "ipv4":
      return ipAddress("127.0.0.1", 0);
    case "ipv6":
      return ipAddress("::1", 0);
    case "unix":
      return { family: "unix", path: `/tmp/ringway-test-${process.pid}-${unixSockets++}.sock` };
    case "abstract":
      return { family: "unix", path: `@ringway-test-${process.pid}-${unixSockets++}` };
  }
}

/** As a worker does: turns of the ring, and now and then one of the runtime's loop. */
async function pump(driver: UringDriver, condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`);
    driver.turn(5);
    await setImmediate();
  }
}

/** The runtime's loop turns the ring; the test only looks. */
async function watch(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function checkNothingIsLeft(driver: UringDriver): void {
  const leased = driver.pool.usage().map(({ group, leased }) => `${group}: ${leased}`);
  assert.deepEqual(leased, ["small: 0", "bulk: 0", "write: 0"], "leased buffers at the end");
  assert.equal(driver.staleCompletions, 0, "completions for connections that are gone");
}
