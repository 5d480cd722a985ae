/**
 * A loop that owns its thread: it blocks in the kernel, in the ring. For workers, the data path.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { UringDriver } from "./driver.ts";

/**
 * A turn waits no longer than this, so that the thread comes back to its runtime now and then: Deno
 * ends a process only when no worker blocks any more.
 */
const MAXIMUM_WAIT_MS = 100;
/** A busy loop lets the runtime have its turn this often: for messages, timers and clean-up. */
const YIELD_INTERVAL_MS = 100;

/** Turn the driver's loop until `isStopped` says so. Waking the ring lets messages of other threads arrive. */
export async function runParked(driver: UringDriver, isStopped: () => boolean): Promise<void> {
  let yieldedMs = driver.nowMs;
  driver.armWake();
  while (!isStopped()) {
    driver.turn(MAXIMUM_WAIT_MS);
    const woken = driver.takeWake();
    if (woken) driver.armWake();
    if (!woken && driver.nowMs - yieldedMs < YIELD_INTERVAL_MS) continue;
    // Neither `await` alone nor a MessageChannel lets messages and timers through, in either runtime.
    await setImmediate();
    yieldedMs = driver.nowMs;
  }
}
