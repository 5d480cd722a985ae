/**
 * What a thread with a module of the user's is started with, and what it says.
 *
 * @module
 */
import type { ErrorSource } from "../../ffi/errors.ts";
import type { SocketAddress } from "../net/address.ts";
import type { IoUringOptions } from "../net/io_uring_options.ts";
import type { SelectedInterface } from "../net/socket_interface.ts";
import type { ThreadListener } from "./listeners.ts";

/** What one is started with. */
export interface UserStart {
  readonly index: number;
  readonly count: number;
  /** The URL of the module. */
  readonly module: string;
  readonly data: unknown;
  readonly selected: SelectedInterface;
  /** From where the shim is loaded; `null` for the `default` driver. */
  readonly libraryPath: string | null;
  readonly ioUring: IoUringOptions;
  /** Does the thread block in its ring, or is the ring always a guest of the runtime's loop? */
  readonly loop: "parked" | "bridged";
  readonly addresses: readonly SocketAddress[];
  readonly listeners: readonly ThreadListener[];
}

/** What one says. */
export type UserReply =
  | { readonly type: "message"; readonly message: unknown }
  | { readonly type: "problem"; readonly problem: PostedProblem };

/** A problem on its way to another thread. */
export interface PostedProblem {
  readonly message: string;
  readonly code: string;
  readonly source: ErrorSource;
  readonly operation: string;
  readonly stack: string;
}
