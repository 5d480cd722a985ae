/**
 * Tells whether the process may open another descriptor.
 *
 * @module
 */
import { closeSync, openSync } from "node:fs";

/** The device is always there, and opening it has no effect. */
export const DEVICE = "/dev/null";

/** 0 if the process can open another descriptor now, otherwise the errno. */
export function tryDescriptor(): number {
  try {
    closeSync(openSync(DEVICE, "r"));
    return 0;
  } catch (error) {
    // Its sign differs between the runtimes.
    const { errno } = error as { errno?: unknown };
    return typeof errno === "number" ? Math.abs(errno) : 0;
  }
}
