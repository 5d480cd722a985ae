/**
 * Finds those modules of the package that threads begin with: a thread is started by a URL, not by an import.
 *
 * @module
 */
import { RingwayError } from "./errors.ts";

/** A module that a thread begins with. */
export interface ThreadModule {
  /** Where it is in the package, without its extension, such as `"lib/server/worker"`. */
  readonly path: string;
  /** By which applications import it, such as `"@ringway/proxy/worker"`. */
  readonly specifier: string;
  /** The option by which an application names a module of its own in its place, such as `"workerUrl"`. */
  readonly option: string;
}

/**
 * The module's URL: TypeScript from JSR, JavaScript as packed for npm.
 *
 * @throws {RingwayError} `ERR_BUNDLED` in a bundle or in a compiled program, which have no such module of their own
 */
export function threadModuleUrl(module: ThreadModule, here: string = import.meta.url): URL {
  const [, extension] = /\/ffi\/thread_module\.(ts|js)$/.exec(here) ?? [];
  if (extension !== undefined) return new URL(`../${module.path}.${extension}`, here);
  const { specifier, option } = module;
  throw new RingwayError(
    `This program is bundled, and the module that its threads begin with is not beside it: write \`import ` +
      `"${specifier}";\` into a file of its own, give that file to the bundler as well, and name it in ${option}, ` +
      `such as \`${option}: new URL("./worker.ts", import.meta.url)\``,
    { code: "ERR_BUNDLED", source: "internal", operation: "start a thread" },
  );
}
