/**
 * Errors of operations.
 *
 * @module
 */
import {
  EACCES,
  EEXIST,
  EISDIR,
  ELOOP,
  EMFILE,
  EMSGSIZE,
  ENFILE,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  EPERM,
  EROFS,
} from "../../ffi/abi.ts";
import { RingwayError } from "../../ffi/errors.ts";
import { errnoName } from "../ring/errors.ts";

/** The kernel refused an operation or could not complete it. Its `code` is the errno's name, such as `"ENOENT"`. */
export class OperationError extends RingwayError {
  /** The errno as a positive number, such as 2 for ENOENT. */
  readonly errno: number;

  /** Make an error for an errno (of either sign) met in an operation, such as `"open"`, on something with a name. */
  constructor(errno: number, operation: string, name: string) {
    super(`Cannot ${operation} ${name}: ${describe(Math.abs(errno))}`, {
      code: errnoName(errno),
      source: "internal",
      operation,
    });
    this.errno = Math.abs(errno);
  }
}

/** What is wrong in words, where we know. */
const REASONS: Readonly<Record<number, string>> = {
  [EACCES]: "no permission",
  [EPERM]: "no permission",
  [EEXIST]: "it exists already",
  [EISDIR]: "it is a directory",
  [ELOOP]: "it is a symbolic link, or behind too many of them",
  [EMFILE]: "too many open files; raise the limit, `ulimit -n`",
  [ENFILE]: "too many open files; raise the limit, `ulimit -n`",
  [EMSGSIZE]: "it is too long for the network",
  [ENOENT]: "there is none",
  [ENOSPC]: "no space is left on the device",
  [ENOTDIR]: "a part of its path is no directory",
  [EROFS]: "the file system can only be read",
};

function describe(errno: number): string {
  const reason = REASONS[errno];
  return reason === undefined ? errnoName(errno) : `${reason} (${errnoName(errno)})`;
}

/** @internal An error of whoever called. */
export function operationError(code: string, operation: string, message: string): RingwayError {
  return new RingwayError(message, { code, source: "internal", operation });
}

/** @internal Something that was given is not what it has to be. */
export function argumentError(operation: string, message: string): RingwayError {
  return operationError("ERR_OPERATION_ARGUMENT", operation, message);
}
