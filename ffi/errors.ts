/**
 * The base of all errors that ringway throws or reports.
 *
 * @module
 */

/** Who caused an error: the client's side, the origin's side, or ringway and its machine. */
export type ErrorSource = "downstream" | "upstream" | "internal";

/** What {@linkcode RingwayError} is made from, besides its message. */
export interface RingwayErrorOptions {
  /** A stable identifier for programs, such as `"ERR_ADDRESS_IN_USE"`. */
  code: string;
  /** Who caused it. */
  source: ErrorSource;
  /** What was being done, such as `"listen"`. */
  operation: string;
  /** The error behind this one. */
  cause?: unknown;
}

const brand = Symbol.for("@ringway/proxy/RingwayError");

/**
 * An error with a stable `code`, a `source`, the `operation` that failed, and its `cause`.
 *
 * `instanceof` also recognizes errors of a second copy of this package in the same process.
 *
 * @example
 * ```ts
 * try {
 *   throw new RingwayError("Cannot listen", { code: "ERR_LISTEN", source: "internal", operation: "listen" });
 * } catch (error) {
 *   if (error instanceof RingwayError && error.code === "ERR_LISTEN") console.log("as expected");
 * }
 * ```
 */
export class RingwayError extends Error {
  /** A stable identifier for programs. */
  readonly code: string;
  /** Who caused it. */
  readonly source: ErrorSource;
  /** What was being done. */
  readonly operation: string;

  /** Make an error from a message for people and the facts for programs. */
  constructor(message: string, options: RingwayErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.source = options.source;
    this.operation = options.operation;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Is it an error of this package, or of another copy of it? */
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    // Subclasses inherit this function, and a brand says nothing about them.
    if (this !== RingwayError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }
}
