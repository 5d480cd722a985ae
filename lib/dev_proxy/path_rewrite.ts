/**
 * What is asked of the target in the place of what the client asked for.
 *
 * @module
 */
import type { MaybePromise } from "../proxy/http/filters/filter.ts";
import { devProxyError } from "./errors.ts";
import type { DevProxyOptions, DevProxyRequest } from "./options.ts";

/** Makes another path of a path with its query. */
export type PathRewrite = (path: string, req: DevProxyRequest) => MaybePromise<string | undefined>;

/** Make one of an option. Throws a RingwayError for what is no regular expression. */
export function pathRewriteOf(option: DevProxyOptions["pathRewrite"]): PathRewrite {
  if (option === undefined) return (path) => path;
  if (typeof option === "function") return option;
  const rules = Object.entries(option).map(([pattern, replacement]) => ({ pattern: toPattern(pattern), replacement }));
  return (path) => {
    const rule = rules.find(({ pattern }) => pattern.test(path));
    return rule === undefined ? path : path.replace(rule.pattern, rule.replacement);
  };
}

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw devProxyError(`The pathRewrite "${text}" is no regular expression`, error);
  }
}

/** The target's own path, and behind it that of a request, which may be empty or a query only. */
export function joinPaths(base: string, path: string): string {
  if (path === "" || path.startsWith("?")) return `${base === "" ? "/" : base}${path}`;
  const withoutSlash = base.endsWith("/") ? base.slice(0, -1) : base;
  return `${withoutSlash}${path.startsWith("/") ? "" : "/"}${path}`;
}
