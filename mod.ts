/**
 * A proxy toolkit for Bun and Deno on Linux io_uring.
 *
 * @module
 */
export { type ErrorSource, RingwayError, type RingwayErrorOptions } from "./ffi/errors.ts";
export { VERSION } from "./lib/version.ts";
