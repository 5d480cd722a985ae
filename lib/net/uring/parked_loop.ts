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

/** What the owner of a parked loop tells it, asked for in every turn. */
export interface ParkedLoopOwner {
  /** Is the loop to end? */
  isStopped(): boolean;
  /** Was a message sent to this thread that did not arrive yet? Until it does, the loop does not block. */
  isMessageOnItsWay(): boolean;
}

/**
 * Turn the driver's loop until its owner stops it. `wakeRing` ends a wait from another thread; to be
 * called after a message was sent.
 */
export async function runParked(driver: UringDriver, owner: ParkedLoopOwner): Promise<void> {
  let yieldedMs = driver.nowMs;
  driver.armWake();
  while (!owner.isStopped()) {
    // Deno delivers a message only after several turns of its loop, and not after a certain number.
    const isExpecting = owner.isMessageOnItsWay();
    driver.turn(isExpecting ? 0 : MAXIMUM_WAIT_MS);
    const isWoken = driver.takeWake();
    if (isWoken) driver.armWake();
    if (!isWoken && !isExpecting && driver.nowMs - yieldedMs < YIELD_INTERVAL_MS) continue;
    // Neither `await` alone nor a MessageChannel lets messages and timers through, in either runtime.
    await setImmediate();
    yieldedMs = driver.nowMs;
  }
}
