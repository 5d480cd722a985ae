/**
 * What a thread and the one that started it say to each other, whatever the thread is for.
 *
 * @module
 */

import type { ThreadFailure } from "./failure.ts";

/** To a thread. `Start` is what it is started with, `Message` what it is told while it runs. */
export type ToThread<Start, Message> =
  | { readonly type: "start"; readonly start: Start; readonly sent: SharedArrayBuffer }
  | { readonly type: "message"; readonly message: Message }
  /** Close everything; answer `stopped`. */
  | { readonly type: "stop" };

/** From a thread. */
export type FromThread<Reply> =
  /** It has opened its ring. The number names it in `wakeRing` and `closeRing`. */
  | { readonly type: "ring"; readonly handle: number }
  /** It does now what it was started for. */
  | { readonly type: "ready" }
  | { readonly type: "message"; readonly message: Reply }
  /** It could not start, and waits to be stopped. */
  | { readonly type: "failed"; readonly failure: ThreadFailure }
  /** It can't go on. */
  | { readonly type: "crashed"; readonly reason: string }
  | { readonly type: "stopped" };
