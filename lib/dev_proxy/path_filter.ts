/**
 * Which paths are a target's.
 *
 * @module
 */
import { devProxyError } from "./errors.ts";
import type { DevProxyOptions, DevProxyRequest } from "./options.ts";

/** Says whether a request is for a target. */
export type PathFilter = (pathname: string, req: DevProxyRequest) => boolean;

/** Make one of an option. Throws a RingwayError for a pattern that is not understood. */
export function pathFilterOf(option: DevProxyOptions["pathFilter"]): PathFilter {
  if (option === undefined) return () => true;
  if (typeof option === "function") return option;
  const patterns = (typeof option === "string" ? [option] : option).map(toPattern);
  const included = patterns.filter(({ isExcluding }) => !isExcluding);
  const excluded = patterns.filter(({ isExcluding }) => isExcluding);
  return (pathname) =>
    (included.length === 0 || included.some(({ matches }) => matches(pathname))) &&
    !excluded.some(({ matches }) => matches(pathname));
}

interface Pattern {
  readonly isExcluding: boolean;
  matches(pathname: string): boolean;
}

function toPattern(text: string): Pattern {
  const isExcluding = text.startsWith("!");
  const pattern = isExcluding ? text.slice(1) : text;
  if (/[?[\]{}()+@\\]/.test(pattern)) {
    throw devProxyError(`The pathFilter "${text}" has more than * and **: use a function for it`);
  }
  if (!pattern.includes("*")) return { isExcluding, matches: (pathname) => pathname.startsWith(pattern) };
  const expression = new RegExp(`^${pattern.replace(/\/\*\*$|\*\*\/?|\*|[.^$|]/g, asExpression)}$`, "u");
  return { isExcluding, matches: (pathname) => expression.test(pathname) };
}

/** `**` is any number of segments, also none; `*` is anything within one. */
function asExpression(part: string): string {
  if (part === "/**") return "(?:/.*)?";
  if (part === "**/") return "(?:.*/)?";
  if (part === "**") return ".*";
  return part === "*" ? "[^/]*" : `\\${part}`;
}
