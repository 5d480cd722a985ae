/**
 * What is wrong with a configuration file.
 *
 * @module
 */
import { RingwayError } from "../../../ffi/errors.ts";

/** Keys and indices from the top of a file to a value. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong. */
export interface Problem {
  /** Where; empty: the file as a whole. */
  readonly path: ConfigPath;
  /** Is it the key that is wrong, not its value? */
  readonly isKey?: boolean;
  /** What was found and what is allowed. */
  readonly message: string;
  /** It is only that none of these is there. */
  readonly lacks?: readonly ConfigPath[];
  /** For a key that is not known: the one that may be meant. */
  readonly meant?: string | null;
}

/** A line and a column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A configuration file that cannot be used, with all that is wrong with it. */
export class ConfigFileError extends RingwayError {
  /** One line for each problem: `FILE:LINE:COLUMN: PATH: MESSAGE`. */
  readonly problems: readonly string[];

  /** Make an error for the problems of a file. */
  constructor(file: string, problems: readonly string[], cause?: unknown) {
    super(problems.join("\n"), { code: "ERR_CONFIG", source: "internal", operation: `read ${file}`, cause });
    this.problems = problems;
  }
}

/** The problems without those that are only that a key is missing which is there, misspelt. */
export function withoutMisspelt(problems: readonly Problem[]): Problem[] {
  const misspelt = problems.flatMap(({ path, meant }) => (meant ? [pathText([...path.slice(0, -1), meant])] : []));
  return problems.filter(
    ({ lacks }) => lacks === undefined || !lacks.some((path) => misspelt.includes(pathText(path))),
  );
}

function pathText(path: ConfigPath): string {
  return JSON.stringify(path);
}

/** A problem in one line. A file in a programming language has no positions. */
export function formatProblem(file: string, problem: Problem, position: Position | null): string {
  const place = position === null ? file : `${file}:${position.line}:${position.column}`;
  return problem.path.length === 0
    ? `${place}: ${problem.message}`
    : `${place}: ${formatPath(problem.path)}: ${problem.message}`;
}

/** `clusters[0].endpoints[1]`. */
export function formatPath(path: ConfigPath): string {
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}
