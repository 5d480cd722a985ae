/**
 * A listener on io_uring: one multishot accept, or several single ones where the kernel has none.
 *
 * @module
 */
import * as abi from "../../../ffi/abi.ts";
import { Timer } from "../../ring/timer_wheel.ts";
import type { SocketAddress } from "../address.ts";
import type { Listener, ListenerHandler } from "../connection.ts";
import type { UringDriver } from "./driver.ts";

/** How long accepting rests after it failed for want of descriptors or memory, at first and at most. */
const RETRY_MS = 20;
const RETRY_MAXIMUM_MS = 1000;

/** See {@linkcode Listener}. */
export class UringListener implements Listener {
  readonly address: SocketAddress;
  /** @internal */
  readonly slot: number;
  readonly #driver: UringDriver;
  readonly #handler: ListenerHandler;
  readonly #descriptor: number;
  readonly #isOwn: boolean;
  /** Which accepts the kernel holds. Each has its own generation, as a cancellation ends only one of those alike. */
  readonly #armed: boolean[];
  readonly #retryTimer: Timer;
  #retryMs = RETRY_MS;
  /** How many accepts the kernel holds. */
  #pending = 0;
  #paused = true;
  #cancelling = false;
  #isSingly = false;
  /** Is the accept that the kernel holds a multishot one? */
  #isMultishot = false;
  #onClosed: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(
    driver: UringDriver,
    handler: ListenerHandler,
    descriptor: number,
    isOwn: boolean,
    address: SocketAddress,
    slot: number,
    acceptSize: number,
  ) {
    this.#driver = driver;
    this.#handler = handler;
    this.#descriptor = descriptor;
    this.#isOwn = isOwn;
    this.address = address;
    this.slot = slot;
    this.#armed = new Array<boolean>(acceptSize).fill(false);
    this.#retryTimer = new Timer(() => this.#arm());
  }

  pause(): void {
    this.#paused = true;
    this.#driver.stopTimer(this.#retryTimer);
    this.#cancel();
  }

  acceptSingly(isSingly: boolean): void {
    if (isSingly === this.#isSingly) return;
    this.#isSingly = isSingly;
    // Once that is done, accepting goes on in the other way. The other way round there is no hurry.
    if (isSingly && (this.#isMultishot || this.#pending > 1)) this.#cancel();
  }

  #cancel(): void {
    if (this.#pending === 0 || this.#cancelling) return;
    this.#cancelling = true;
    for (const [index, isArmed] of this.#armed.entries()) {
      if (isArmed) this.#driver.ring.cancel(abi.OPERATION_ACCEPT, this.slot, index);
    }
    this.#driver.wakeLoop();
  }

  resume(): void {
    if (this.#closing !== null || !this.#paused) return;
    this.#paused = false;
    this.#arm();
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onClosed = resolve;
      this.pause();
      this.#finishIfClosed();
    });
    return this.#closing;
  }

  #arm(): void {
    // What is being cancelled completes first.
    if (this.#paused || this.#cancelling) return;
    const count = this.#isSingly ? 1 : this.#armed.length;
    for (let index = 0; index < count; index++) {
      if (this.#armed[index]) continue;
      this.#armed[index] = true;
      this.#pending++;
      this.#isMultishot = !this.#isSingly && this.#driver.hasMultishotAccept;
      this.#driver.ring.accept(this.#descriptor, this.#isSingly, this.slot, index);
    }
    this.#driver.wakeLoop();
  }

  /** @internal */
  onAccepted(index: number, result: number, flags: number): void {
    if ((flags & abi.COMPLETION_FLAG_MORE) === 0) {
      this.#armed[index] = false;
      this.#pending--;
    }
    if (this.#pending === 0) this.#cancelling = false;
    if (result >= 0) {
      this.#retryMs = RETRY_MS;
      this.#driver.accepted(result, this.#handler, this.address);
      // Afterwards, as the handler may have had enough.
      this.#arm();
    } else if (isPassing(-result)) {
      this.#arm();
    } else {
      this.#rest(-result);
    }
    this.#finishIfClosed();
  }

  /** Out of descriptors or memory, most likely: accepting again at once would only fail again. */
  #rest(errno: number): void {
    if (this.#paused || this.#retryTimer.isStarted) return;
    this.#driver.startTimer(this.#retryTimer, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAXIMUM_MS);
    this.#handler.onAcceptError?.(this, errno);
  }

  /** @internal A connection was closed: there may be a descriptor again. */
  onDescriptorFreed(): void {
    if (!this.#retryTimer.isStarted) return;
    this.#driver.startTimer(this.#retryTimer, 0);
  }

  #finishIfClosed(): void {
    if (this.#onClosed === null || this.#pending > 0) return;
    this.#driver.removeListener(this);
    if (this.#isOwn) this.#driver.closeDescriptor(this.#descriptor);
    this.#onClosed();
    this.#onClosed = null;
  }
}

/** Errors that say nothing about the next connection (accept(2)). */
function isPassing(errno: number): boolean {
  switch (errno) {
    case abi.ECANCELED:
    case abi.EINTR:
    case abi.EAGAIN:
    case abi.ECONNABORTED:
    case abi.EPROTO:
      return true;
    default:
      return false;
  }
}
