/**
 * The limits of operations.
 *
 * @module
 */
import { argumentError } from "./errors.ts";

/** Limits of the operations of one thread. */
export interface OperationsOptions {
  /**
   * Operations in flight at the most, those that wait for a buffer included: 1 to 65,536. What is asked for beyond is
   * refused with `ERR_OPERATION_LIMIT`.
   */
  readonly maximumInFlight: number;
  /** Buffers that operations read into and write from: 1 to 4,096. Those that find none wait for one, in order. */
  readonly buffers: number;
  /** Bytes of each buffer, 4,096 to 2^24, a multiple of 4,096. The least that takes every datagram is 65,536. */
  readonly bufferBytes: number;
}

/** 1 MiB of memory, which is touched as it is needed. */
export const defaultOperationsOptions: OperationsOptions = {
  maximumInFlight: 256,
  buffers: 16,
  bufferBytes: 65536,
};

/** The options with the defaults filled in. Throws a RingwayError for one that is out of range. */
export function completeOptions(options: Partial<OperationsOptions>): OperationsOptions {
  const complete = { ...defaultOperationsOptions, ...options };
  checkRange("maximumInFlight", complete.maximumInFlight, 1, 65536);
  checkRange("buffers", complete.buffers, 1, 4096);
  checkRange("bufferBytes", complete.bufferBytes, 4096, 2 ** 24);
  if (complete.bufferBytes % 4096 !== 0) {
    throw argumentError("operationsOn", `bufferBytes has to be a multiple of 4096, not ${complete.bufferBytes}`);
  }
  // The shim's limit, addresses included.
  if (complete.buffers * complete.bufferBytes >= 2 ** 29) {
    throw argumentError("operationsOn", "buffers times bufferBytes has to be less than 2^29");
  }
  return complete;
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw argumentError("operationsOn", `${name} has to be a whole number from ${least} to ${most}, not ${value}`);
}
