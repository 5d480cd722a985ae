/**
 * Keeps count of user code that waits: while there is any, its thread has to let the runtime's own loop run.
 *
 * @module
 */
import { RingwayError } from "../../ffi/errors.ts";

/**
 * The promises of user code that a thread waits for: of fetch, of timers, of streams, of whatever the runtime has. A
 * loop that blocks in the kernel looks at it once per turn. What is not counted here gets on only now and then.
 */
export class UserCode {
  /** @internal Called when the last one has ended. */
  onNonePending: (() => void) | null = null;
  #pending = 0;

  /** Does any wait now? */
  get isPending(): boolean {
    return this.#pending !== 0;
  }

  /** Some begins to wait. {@linkcode end} is to be called once, also when nobody is interested any more. */
  begin(): void {
    this.#pending++;
  }

  /** What {@linkcode begin} was called for is settled, or given up. Throws a RingwayError if nothing had begun. */
  end(): void {
    if (this.#pending === 0) throw endedTwice();
    this.#pending--;
    if (this.#pending === 0) this.onNonePending?.();
  }

  /** Count a promise until it is settled. The same promise, so that a rejection stays its owner's. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.begin();
    const end = () => this.end();
    promise.then(end, end);
    return promise;
  }
}

function endedTwice(): RingwayError {
  return new RingwayError("User code has ended that had not begun: call end() once for each begin()", {
    code: "ERR_USER_CODE",
    source: "internal",
    operation: "end user code",
  });
}
