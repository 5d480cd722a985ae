/**
 * The error of a built-in filter that can't be made.
 *
 * @module
 */
import { RingwayError } from "../../../../../ffi/errors.ts";

/** An error with the code `ERR_FILTER_OPTIONS`, about the options of the filter of that name. */
export function optionsError(filter: string, message: string, cause?: unknown): RingwayError {
  return new RingwayError(`The filter ${filter}: ${message}`, {
    code: "ERR_FILTER_OPTIONS",
    source: "internal",
    operation: "make a filter",
    cause,
  });
}

/** Throw that error unless the number is a whole one in the range. */
export function checkInteger(filter: string, name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw optionsError(filter, `${name} must be a whole number from ${lowest} to ${highest}, not ${value}`);
}
