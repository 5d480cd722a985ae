/**
 * What the main thread and its workers say to each other, besides what all threads do (`lib/threads/messages.ts`).
 *
 * @module
 */
import type { EndpointState } from "../proxy/endpoint.ts";
import type { ThreadFailure } from "../threads/failure.ts";
import type { LogLevel } from "./config.ts";
import type { CheckedFile } from "./config_file/schema.ts";
import type { WorkerConfig } from "./worker_config.ts";

/** What a worker is started for. */
export type WorkerStart =
  /** Import and check a configuration, and nothing else; answer `config` or `bad-config`. */
  | { readonly type: "read-config"; readonly file: string; readonly url: string }
  /** Prepare everything but the listeners. */
  | { readonly type: "serve"; readonly config: WorkerConfig };

/** From the main thread to a worker. */
export type ToWorker =
  /** Accept connections; answer `listening` or `listen-failed`. */
  | { readonly type: "listen" }
  /** The endpoints of a cluster, by its index, changed. */
  | { readonly type: "endpoints"; readonly cluster: number; readonly states: readonly EndpointState[] }
  /** Another worker has stopped to accept from the same listeners: look after what it may have left. */
  | { readonly type: "look" }
  /**
   * Accept no more; answer `closed` when that is so and `drained` when no connection is left. One without a request may
   * have one more within `idleMs`.
   */
  | { readonly type: "drain"; readonly idleMs: number };

/** From a worker to the main thread. */
export type FromWorker =
  | { readonly type: "config"; readonly checked: CheckedFile }
  | { readonly type: "bad-config"; readonly problems: readonly string[] }
  | { readonly type: "listening" }
  | { readonly type: "listen-failed"; readonly failure: ThreadFailure }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string }
  /** Whole lines of the access log. */
  | { readonly type: "access-log"; readonly bytes: Uint8Array }
  | { readonly type: "closed" }
  | { readonly type: "drained" };
