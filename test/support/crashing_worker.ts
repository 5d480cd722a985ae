/**
 * The package's own worker, which also crashes when it finds a certain file.
 *
 * @module
 */
import { unlinkSync } from "node:fs";
import process from "node:process";
import "../../lib/server/worker.ts";

/** The variable that names the file. Of all workers only the one that can remove it crashes. */
export const TRIGGER_VARIABLE = "RINGWAY_TEST_CRASH";

const path = process.env[TRIGGER_VARIABLE] ?? "";

setInterval(() => {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
  throw new Error("crashed for a test");
}, 10);
