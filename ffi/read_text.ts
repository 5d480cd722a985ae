/**
 * Reads small files.
 *
 * @module
 */
import { readFileSync } from "node:fs";

/** A small text file, or `undefined` when it can't be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
