/**
 * Checks the text of a YAML file. It is apart from the other checks, as programs that give an object, and modules, do
 * not need the library that reads YAML.
 *
 * @module
 */
import { checkParsed } from "./check.ts";
import { ConfigFileError, formatProblem } from "./problem.ts";
import type { CheckedFile } from "./schema.ts";
import { YamlSource } from "./yaml_source.ts";

/** Check a YAML file. Throws a {@linkcode ConfigFileError}. */
export function checkYaml(file: string, text: string): CheckedFile {
  const source = new YamlSource(text);
  if (source.mistakes.length > 0) {
    const lines = source.mistakes.map(({ message, position }) => formatProblem(file, { path: [], message }, position));
    throw new ConfigFileError(file, lines);
  }
  return checkParsed(file, source.value, (problem) => source.positionOf(problem));
}
