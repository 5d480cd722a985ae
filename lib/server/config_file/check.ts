/**
 * Checks the text of a YAML file, or the value of a TypeScript file: the configuration, or all that is wrong.
 *
 * @module
 */
import type { ServerConfig } from "../server_config.ts";
import { ConfigFileError, formatProblem, type Position, type Problem, withoutMisspelt } from "./problem.ts";
import { checkReferences } from "./references.ts";
import type { CheckedFile } from "./schema.ts";
import { checkSchema } from "./schema_problems.ts";
import { YamlSource } from "./yaml_source.ts";

/** Check a YAML file. Throws a {@linkcode ConfigFileError}. */
export function checkYaml(file: string, text: string): CheckedFile {
  const source = new YamlSource(text);
  if (source.mistakes.length > 0) {
    const lines = source.mistakes.map(({ message, position }) => formatProblem(file, { path: [], message }, position));
    throw new ConfigFileError(file, lines);
  }
  return check(file, source.value, (problem) => source.positionOf(problem));
}

/** Check the value that a TypeScript file at a URL exports. Throws a {@linkcode ConfigFileError}. */
export function checkValue(file: string, value: unknown, url: string): CheckedFile {
  const checked = check(file, value, () => null);
  return hasOwnFilters(checked.config) ? { ...checked, config: { ...checked.config, module: url } } : checked;
}

function hasOwnFilters(config: ServerConfig): boolean {
  return config.listeners.some(
    (listener) => listener.protocol === "http" && listener.filters.some(({ filter }) => filter.type === "custom"),
  );
}

function check(file: string, value: unknown, positionOf: (problem: Problem) => Position | null): CheckedFile {
  const checked = checkSchema(value);
  const isRefused = "length" in checked;
  const problems = withoutMisspelt([...(isRefused ? checked : []), ...checkReferences(value)]);
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

/** Lines come first; no line is this long. */
function order(position: Position | null): number {
  return position === null ? 0 : position.line * 1e6 + position.column;
}
