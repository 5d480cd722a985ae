/**
 * Drivers on real rings for tests, waiting in both ways.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import * as abi from "../../../ffi/abi.ts";
import { loadLibrary } from "../../../ffi/library.ts";
import type { RingOptions } from "../../ring/options.ts";
import { ipAddress, type SocketAddress } from "../address.ts";
import {
  type AddressKind,
  DEADLINE_MS,
  type Harness,
  type HarnessOptions,
  TEST_CONNECTION_OPTIONS,
  TEST_TIMEOUT_MS,
} from "../conformance/harness.ts";
import { Scene } from "../conformance/scene.ts";
import { BridgedLoop } from "./bridged_loop.ts";
import { UringDriver, type UringDriverOptions } from "./driver.ts";

/** Which loop pumps the driver: the test, as a worker would, or the runtime's own. */
export type Waiting = "parked" | "bridged";

/** What a test may ask of the ring besides. */
export interface UringHarnessOptions extends HarnessOptions {
  readonly waiting?: Waiting;
  readonly ring?: Partial<RingOptions>;
  readonly acceptSize?: number;
  /** Functions of the shim to replace, for what no kernel can be made to do. */
  readonly functions?: Partial<abi.Functions>;
}

/** A harness that also shows the driver's insides. */
export interface UringHarness extends Harness {
  readonly driver: UringDriver;
  readonly notices: readonly string[];
  readonly libraryPath: string;
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
  const library = await loadLibrary();
  const driverOptions: UringDriverOptions = {
    library: { path: library.path, functions: { ...library.functions, ...options.functions } },
    ring: { ...TEST_RING_OPTIONS, ...options.ring },
    connection: { ...TEST_CONNECTION_OPTIONS, ...options.connection },
    acceptSize: options.acceptSize ?? 5,
    reporter: {
      onHandlerError: (error) => handlerErrors.push(error),
      onNotice: (message) => notices.push(message),
    },
  };
  const driver = new UringDriver(driverOptions);
  // What is left can be asked only as long as the ring is open.
  let left: string[] = [];
  const closeRing = driver.ring.closeRing.bind(driver.ring);
  driver.ring.closeRing = () => {
    left = whatIsLeft(driver);
    closeRing();
  };
  const loop = options.waiting === "bridged" ? new BridgedLoop(driver) : null;
  loop?.start();
  return {
    driver,
    handlerErrors,
    notices,
    libraryPath: library.path,
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
      assert.deepEqual(left, []);
    },
  };
}

/** A test on a driver of its own, with the checks of the conformance suite at its end. */
export function uringTest(
  name: string,
  options: UringHarnessOptions,
  body: (scene: Scene, harness: UringHarness) => Promise<void>,
): void {
  test(name, { timeout: TEST_TIMEOUT_MS }, () => inScene(options, body));
}

/** Do something with a driver, and check at the end what the conformance suite checks. */
export async function inScene(
  options: UringHarnessOptions,
  body: (scene: Scene, harness: UringHarness) => Promise<void>,
): Promise<void> {
  const harness = await openUringHarness(options);
  const scene = new Scene(harness);
  try {
    await body(scene, harness);
  } catch (error) {
    await scene.close().catch(() => {});
    throw error;
  }
  await scene.end();
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
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}; ${stateOf(driver)}`);
    driver.turn(5);
    await setImmediate();
  }
}

/** What there is to see of a driver that does not get on. */
function stateOf({ pool, ring, starved, isBulkExhausted, connectionCount }: UringDriver): string {
  const usage = pool.usage().map(({ group, leased }) => `${leased} ${group}`);
  const { overflows, submissionQueueFull, busy, refused } = ring.counters();
  return (
    `${connectionCount} connections, ${starved.length} starved, bulk exhausted: ${isBulkExhausted}, ` +
    `leased: ${usage}, counters: ${overflows} ${submissionQueueFull} ${busy} ${refused}`
  );
}

/** The runtime's loop turns the ring; the test only looks. */
async function watch(condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Whatever a closing driver still has and should not. */
function whatIsLeft(driver: UringDriver): string[] {
  const { ring, pool } = driver;
  const left: string[] = [];
  const openDescriptors = ring.info(abi.INFO_OPEN_DESCRIPTORS);
  if (openDescriptors !== 0) left.push(`${openDescriptors} open descriptors`);
  if (driver.staleCompletions !== 0) left.push(`${driver.staleCompletions} completions for connections that are gone`);
  for (const { group, leased } of pool.usage()) if (leased !== 0) left.push(`${leased} leased ${group} buffers`);
  // Buffers that the pool believes to be with the kernel have to be there.
  if ((ring.features & abi.FEATURE_DEFERRED_TASK_RUN) === 0) return left;
  ring.enter(0, 0);
  for (const [number, { group, circulating, leased }] of pool.usage().slice(0, 2).entries()) {
    const withKernel = ring.withdrawBuffers(number, new Int32Array(circulating));
    if (withKernel !== circulating - leased) left.push(`${circulating - withKernel} lost ${group} buffers`);
  }
  return left;
}
