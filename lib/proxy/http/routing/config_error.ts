/**
 * What is wrong with options, as an error.
 *
 * @module
 */
import { RingwayError } from "../../../../ffi/errors.ts";

/** Throw an error of code `ERR_CONFIG` if there is a problem; `where` says with what, such as `match.regex`. */
export function expectNoProblem(where: string, problem: string | null): void {
  if (problem === null) return;
  throw new RingwayError(`${where}: ${problem}`, {
    code: "ERR_CONFIG",
    source: "internal",
    operation: "make a route table",
  });
}
