/**
 * A loop that owns its thread: it blocks in the kernel, in the ring. For workers, the data path.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { BridgedLoop } from "./bridged_loop.ts";
import type { UringDriver } from "./driver.ts";

/**
 * A turn waits no longer than this, so that the thread comes back to its runtime now and then: Deno
 * ends a process only when no worker blocks any more.
 */
const MAXIMUM_WAIT_MS = 100;
/** A busy loop lets the runtime have its turn this often: for messages, timers and clean-up. */
const YIELD_INTERVAL_MS = 100;
/**
 * User code that waits for nothing but settled promises needs some rounds of microtasks, and no turn of the
 * runtime's loop: this many are tried first, as they cost next to nothing.
 */
const MICROTASK_ROUNDS = 16;

/** What the owner of a parked loop tells it, asked for in every turn. */
export interface ParkedLoopOwner {
  /** Is the loop to end? */
  isStopped(): boolean;
  /** Was a message sent to this thread that did not arrive yet? Until it does, the loop does not block. */
  isMessageOnItsWay(): boolean;
}

/**
 * Turn the driver's loop until its owner stops it, or the driver is closed. `wakeRing` ends a wait from
 * another thread; to be called after a message was sent. While user code waits (see `UserCode`), the
 * loop is a guest in the runtime's own.
 */
export async function runParked(driver: UringDriver, owner: ParkedLoopOwner): Promise<void> {
  let yieldedMs = driver.turnMs;
  let guest: Guest | null = null;
  driver.armWake();
  while (!owner.isStopped() && !driver.isClosed) {
    if (driver.userCode.isPending) {
      for (let round = 0; round < MICROTASK_ROUNDS && driver.userCode.isPending; round++) await null;
      if (driver.userCode.isPending) {
        guest ??= new Guest(driver, owner);
        await guest.run();
        yieldedMs = driver.turnMs;
        continue;
      }
    }
    // Deno delivers a message only after several turns of its loop, and not after a certain number.
    const isExpecting = owner.isMessageOnItsWay();
    driver.turn(isExpecting ? 0 : MAXIMUM_WAIT_MS);
    const isWoken = driver.takeWake();
    if (isWoken) driver.armWake();
    if (!isWoken && !isExpecting && driver.turnMs - yieldedMs < YIELD_INTERVAL_MS) continue;
    // Neither `await` alone nor a MessageChannel lets messages and timers through, in either runtime.
    await setImmediate();
    yieldedMs = driver.turnMs;
  }
  await guest?.end();
}

/**
 * The loop as a guest in the runtime's own. Turns of both in alternation would not do: with waits in between
 * each of the runtime's steps is late by a wait, without them they burn a processor, and Deno looks at its
 * sockets only once in 61 turns of a loop that does not rest.
 */
class Guest {
  readonly #driver: UringDriver;
  readonly #owner: ParkedLoopOwner;
  readonly #loop: BridgedLoop;
  #goOn: () => void = () => {};

  constructor(driver: UringDriver, owner: ParkedLoopOwner) {
    this.#driver = driver;
    this.#owner = owner;
    this.#loop = new BridgedLoop(driver, () => this.#onTurn());
  }

  /** Until no user code waits any more, or the owner stops it. */
  async run(): Promise<void> {
    const { userCode } = this.#driver;
    userCode.onNonePending = () => this.#goOn();
    this.#loop.start();
    while (userCode.isPending && !this.#owner.isStopped() && !this.#driver.isClosed) {
      if (this.#owner.isMessageOnItsWay()) {
        await setImmediate();
      } else {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
      }
    }
    this.#loop.pause();
    userCode.onNonePending = null;
  }

  end(): Promise<void> {
    return this.#loop.stop();
  }

  #onTurn(): void {
    if (!this.#driver.takeWake()) return;
    this.#driver.armWake();
    this.#goOn();
  }
}
