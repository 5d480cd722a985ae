/**
 * Prints which socket interface is chosen, as JSON, for the interfaces that its arguments name.
 *
 * @module
 */
import process from "node:process";
import { RingwayError } from "../../ffi/errors.ts";
import { type RequestedInterface, selectSocketInterface } from "../../lib/net/socket_interface.ts";

for (const wanted of process.argv.slice(2) as RequestedInterface[]) {
  try {
    const { driver, reason, kernel, features } = await selectSocketInterface({ wanted });
    const on = features.filter((feature) => feature.on).map(({ name }) => name);
    process.stdout.write(`${JSON.stringify({ driver, reason, kernel, on })}\n`);
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    process.stdout.write(`${JSON.stringify({ code: error.code, reason: error.message })}\n`);
  }
}
