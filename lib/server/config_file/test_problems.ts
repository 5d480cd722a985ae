/**
 * For tests: what is wrong with a configuration file.
 *
 * @module
 */
import { checkYaml } from "./check_yaml.ts";
import { ConfigFileError } from "./problem.ts";

/** What a check of the file `f` finds, without the file's name. */
export function problems(check: () => unknown): string[] {
  try {
    check();
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    return error.problems.map((problem) => problem.replace(/^f:/, ""));
  }
  return [];
}

/** What is wrong with a text in YAML, without lines, columns and the path to what the text is put into. */
export function problemsBelow(path: string, text: string): string[] {
  return problems(() => checkYaml("f", text)).map((problem) => {
    const place = problem.replace(/^\d+:\d+: /, "");
    return place.startsWith(path) ? place.slice(path.length).replace(/^[.:]\s*/, "") : place;
  });
}
