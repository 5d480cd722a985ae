/**
 * Operations that are no connection's, word for word.
 *
 * @module
 */

/**
 * A command of the shim; `zig/abi.zig` says what the words of each operation mean. The shim checks them all: what it
 * refuses completes with `-EINVAL`, a descriptor that the ring does not own with `-EBADF`.
 */
export interface OperationCommand {
  /** Which one: from `OPERATION_OPEN_FILE` (16) to `OPERATION_DELAY` (25). */
  readonly operation: number;
  /** What it acts on; by default -1, none. */
  readonly descriptor?: number;
  /** Its first word, of 32 bits like the others; 0 by default. */
  readonly a?: number;
  /** Its second word. */
  readonly b?: number;
  /** Its third word. */
  readonly c?: number;
  /** More words behind those. */
  readonly words?: readonly number[];
}
