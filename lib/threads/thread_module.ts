/**
 * Names and imports the module that threads are to run.
 *
 * @module
 */
import { importModule } from "../../ffi/import_module.ts";
import { ThreadError } from "./errors.ts";
import type { ThreadFunction } from "./thread.ts";

/** The URL of a module. Throws a {@linkcode ThreadError} that says how to name it. */
export function moduleUrl(module: URL | string): string {
  if (module instanceof URL) return module.href;
  if (typeof module === "string" && URL.canParse(module)) return module;
  const relative = typeof module === "string" ? module : "./thread.ts";
  throw new ThreadError(
    "ERR_THREAD_MODULE",
    "start threads",
    `The module of a thread is named by its URL, and not by ${described(module)}: write ` +
      `new URL(${JSON.stringify(relative)}, import.meta.url)`,
  );
}

function described(module: unknown): string {
  return typeof module === "string" ? JSON.stringify(module) : `a value of the type ${typeof module}`;
}

/** Import it, in this thread. Rejects with a {@linkcode ThreadError}. */
export async function importThreadFunction(url: string): Promise<ThreadFunction> {
  let module: { readonly default?: unknown };
  try {
    module = await importModule(url);
  } catch (error) {
    throw moduleError(`Cannot import the module of a thread, ${url}: ${reason(error)}`, error);
  }
  if (typeof module.default === "function") return module.default as ThreadFunction;
  const found = module.default === undefined ? "has no default export" : "has a default export that is no function";
  throw moduleError(`The module of a thread, ${url}, ${found}: write "export default function (thread) { ... }"`);
}

function moduleError(message: string, cause?: unknown): ThreadError {
  return new ThreadError("ERR_THREAD_MODULE", "import a thread's module", message, cause);
}

function reason(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
