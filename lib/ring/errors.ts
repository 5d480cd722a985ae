/**
 * Errors of the ring, and the names of errnos.
 *
 * @module
 */
import { ERRNO_NAMES } from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";

/** The name of an errno, such as `"ECONNRESET"` for 104. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[Math.abs(errno)] ?? `errno ${Math.abs(errno)}`;
}

const numbers = new Map(Object.entries(ERRNO_NAMES).map(([errno, name]) => [name, Number(errno)]));

/** The errno of a name, such as 104 for `"ECONNRESET"`; `undefined` for an unknown name. */
export function errnoByName(name: string): number | undefined {
  return numbers.get(name);
}

/** A ring could not be opened, or the kernel refused a call that must not fail. */
export class RingError extends RingwayError {
  /** The errno as a positive number, such as 1 for EPERM. */
  readonly errno: number;

  /** Make an error for a failed operation of a ring. */
  constructor(message: string, code: string, operation: string, errno: number) {
    super(message, { code, source: "internal", operation });
    this.errno = Math.abs(errno);
  }
}
