/**
 * Stands in for a runtime that ringway can't use: importing it works, and using it says what is wrong.
 *
 * @module
 */
import { RingwayError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/** A runtime of which every part throws a RingwayError, `ERR_RUNTIME`, with this message. */
export function unsupportedRuntime(message: string): Runtime {
  return new Proxy({} as Runtime, {
    get() {
      throw new RingwayError(message, { code: "ERR_RUNTIME", source: "internal", operation: "start" });
    },
  });
}
