/**
 * An entry of threads as one who bundles a program has it.
 *
 * @module
 */
import "./thread_entry.ts";
