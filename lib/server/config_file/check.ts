/**
 * Checks the value of a configuration, wherever it stands: what it says, or all that is wrong.
 *
 * @module
 */
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ServerConfig } from "../server_config.ts";
import {
  ConfigFileError,
  type ConfigPath,
  formatProblem,
  type Position,
  type Problem,
  withoutMisspelt,
} from "./problem.ts";
import { checkNoFunctions } from "./program_rules.ts";
import { checkReferences } from "./references.ts";
import type { CheckedFile } from "./schema.ts";
import { checkSchema } from "./schema_problems.ts";

/** Check the value of a file that is data. Throws a {@linkcode ConfigFileError}. */
export function checkParsed(
  file: string,
  value: unknown,
  positionOf: (problem: Problem) => Position | null,
): CheckedFile {
  const checked = check(file, value, [], positionOf);
  return withModules(checked, () => pathToFileURL(resolve(file)).href);
}

/** Check the value that a TypeScript file at a URL exports. Throws a {@linkcode ConfigFileError}. */
export function checkValue(file: string, value: unknown, url: string): CheckedFile {
  const checked = withModules(
    check(file, value, [], () => null),
    () => url,
  );
  return hasOwnFilters(checked.config) ? { ...checked, config: { ...checked.config, module: url } } : checked;
}

/** Check a value that a program made, which is not in a module of its own. Throws a {@linkcode ConfigFileError}. */
export function checkObject(name: string, value: unknown): CheckedFile {
  const checked = check(name, value, checkNoFunctions(value), () => null);
  return withModules(checked, () => pathToFileURL(`${process.cwd()}/`).href);
}

/** The modules that it names, from where it stands: to find that out may need a permission. */
function withModules({ config, ...rest }: CheckedFile, base: () => string): CheckedFile {
  const clusters = config.clusters.map((cluster) => {
    const { balancer } = cluster.options;
    if (typeof balancer === "string") return cluster;
    const own = { ...balancer, module: moduleUrl(balancer.module, base()) };
    return { ...cluster, options: { ...cluster.options, balancer: own } };
  });
  return { ...rest, config: { ...config, clusters } };
}

function moduleUrl(module: string, base: string): string {
  const isPath = /^\.{0,2}\//.test(module);
  if (!isPath || !base.startsWith("file:")) return new URL(module, base).href;
  // A path may have characters that mean something else in a URL.
  return pathToFileURL(resolve(fileURLToPath(new URL(".", base)), module)).href;
}

function hasOwnFilters(config: ServerConfig): boolean {
  return config.listeners.some(
    (listener) => listener.protocol === "http" && listener.filters.some(({ filter }) => filter.type === "custom"),
  );
}

function check(
  file: string,
  value: unknown,
  more: readonly Problem[],
  positionOf: (problem: Problem) => Position | null,
): CheckedFile {
  const checked = checkSchema(value);
  const isRefused = "length" in checked;
  const found = isRefused ? checked.filter(({ path }) => !more.some((one) => startsWith(path, one.path))) : [];
  const problems = withoutMisspelt([...found, ...checkReferences(value), ...more]);
  if (isRefused || problems.length > 0) {
    const placed = problems.map((problem) => ({ problem, position: positionOf(problem) }));
    // In the order of the file, where there is one.
    placed.sort((one, other) => order(one.position) - order(other.position));
    throw new ConfigFileError(
      file,
      placed.map(({ problem, position }) => formatProblem(file, problem, position)),
    );
  }
  return checked;
}

function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return start.every((key, index) => path[index] === key);
}

/** Lines come first; no line is this long. */
function order(position: Position | null): number {
  return position === null ? 0 : position.line * 1e6 + position.column;
}
