/**
 * Loads the embedded library as on a processor of the architecture that its argument names, as far as that goes.
 *
 * @module
 */
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import { loadLibrary } from "../../ffi/library.ts";

Object.defineProperty(process, "arch", { value: process.argv[2] });
const outcome = await loadLibrary().then(
  () => "loaded",
  (error: unknown) => (error instanceof RingwayError ? error.code : String(error)),
);
process.stdout.write(`${outcome}\n`);
