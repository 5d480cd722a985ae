/**
 * What the main thread and its workers say to each other.
 *
 * @module
 */
import type { EndpointState } from "../proxy/endpoint.ts";
import type { LogLevel } from "./config.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { WorkerConfig } from "./worker_config.ts";

/**
 * Counts the messages that were sent to a worker after `start`, in shared memory: the worker's loop
 * knows by it that one is on its way.
 */
export class MessageCounter {
  /** The memory, to be shared with the worker. */
  readonly memory: SharedArrayBuffer;
  readonly #sent: Int32Array;

  /** A new counter, or the one in another thread's memory. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#sent = new Int32Array(memory);
  }

  /** One more message is about to be sent. */
  add(): void {
    Atomics.add(this.#sent, 0, 1);
  }

  /** Messages sent so far. */
  get sent(): number {
    return Atomics.load(this.#sent, 0);
  }
}

/** From the main thread to a worker. */
export type ToWorker =
  /** Import and check a configuration, and nothing else; answer `config` or `bad-config`. */
  | { readonly type: "read-config"; readonly file: string; readonly url: string }
  /** Prepare everything but the listeners; answer `prepared`. */
  | { readonly type: "start"; readonly config: WorkerConfig; readonly sent: SharedArrayBuffer }
  /** Accept connections; answer `ready`. */
  | { readonly type: "listen" }
  /** The endpoints of a cluster, by its index, changed. */
  | { readonly type: "endpoints"; readonly cluster: number; readonly states: readonly EndpointState[] }
  /** Another worker has stopped to accept from the same listeners: look after what it may have left. */
  | { readonly type: "look" }
  /**
   * Accept no more; answer `closed` when that is so and `drained` when no connection is left. One without a request may
   * have one more within `idleMs`.
   */
  | { readonly type: "drain"; readonly idleMs: number }
  /** Close everything; answer `stopped`. */
  | { readonly type: "stop" };

/** From a worker to the main thread. */
export type FromWorker =
  | { readonly type: "config"; readonly checked: CheckedFile }
  | { readonly type: "bad-config"; readonly problems: readonly string[] }
  /** It could accept connections. `ringHandle` names its ring in `wakeRing` and `closeRing`. */
  | { readonly type: "prepared"; readonly ringHandle: number | null }
  /** It accepts connections. */
  | { readonly type: "ready" }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  /** Whole lines of the access log. */
  | { readonly type: "access-log"; readonly bytes: Uint8Array }
  | { readonly type: "closed" }
  | { readonly type: "drained" }
  | { readonly type: "stopped" }
  /** It can't go on. */
  | { readonly type: "failed"; readonly message: string; readonly code: string; readonly stack: string };
