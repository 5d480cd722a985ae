/**
 * Which paths a route is for.
 *
 * @module
 */
import { SLASH } from "../../../http/characters.ts";
import { expectNoProblem } from "./config_error.ts";
import { checkPath, comparedPath, type PathView } from "./path.ts";
import { checkPattern, wholePattern } from "./patterns.ts";
import type { RouteMatch } from "./route_options.ts";
import { startsWith } from "./text_matcher.ts";

/** The path conditions of a route; all that are given have to be true. */
export class PathMatcher {
  /** Is every path right, and having none as well? */
  readonly isForAll: boolean;
  readonly #whole: Uint8Array | null;
  readonly #prefix: Uint8Array | null;
  readonly #pattern: RegExp | null;

  constructor(match: RouteMatch) {
    if (match.path !== undefined) expectNoProblem("match.path", checkPath(match.path));
    if (match.prefix !== undefined) expectNoProblem("match.prefix", checkPath(match.prefix));
    if (match.regex !== undefined) expectNoProblem("match.regex", checkPattern(match.regex));
    this.#whole = match.path === undefined ? null : comparedPath(match.path);
    const prefix = match.prefix === undefined ? null : segmentPrefix(match.prefix);
    this.#prefix = prefix?.length === 0 ? null : prefix;
    this.#pattern = match.regex === undefined ? null : wholePattern(match.regex);
    this.isForAll = this.#whole === null && this.#prefix === null && this.#pattern === null;
  }

  /** Is it a path for the route? */
  matches(path: PathView): boolean {
    if (this.isForAll) return true;
    if (!path.isPresent) return false;
    const { memory, start, end } = path;
    const whole = this.#whole;
    if (whole !== null && (end - start !== whole.length || !startsWith(memory, start, end, whole))) return false;
    if (this.#prefix !== null && !hasPrefix(memory, start, end, this.#prefix)) return false;
    return this.#pattern === null || this.#pattern.test(path.text());
  }
}

/** A prefix without the slash at its end, which means nothing; empty for `/`. */
export function segmentPrefix(prefix: string): Uint8Array {
  return comparedPath(prefix.endsWith("/") ? prefix.slice(0, -1) : prefix);
}

/** `/api` is the beginning of `/api` and `/api/x`, not of `/apis`. */
function hasPrefix(memory: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (!startsWith(memory, start, end, prefix)) return false;
  return start + prefix.length === end || memory[start + prefix.length] === SLASH;
}
