/**
 * Which requests a route is for.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import { FieldMatcher } from "./field_matcher.ts";
import { MethodMatcher } from "./method_matcher.ts";
import type { PathView } from "./path.ts";
import { PathMatcher } from "./path_matcher.ts";
import { QueryMatcher } from "./query_matcher.ts";
import type { RouteMatch } from "./route_options.ts";

/** A {@linkcode RouteMatch}, compiled. Throws `ERR_CONFIG` where it can't be. */
export class RequestMatcher {
  /** Is there no condition? */
  readonly isForAll: boolean;
  /** Is there a condition for the path? */
  readonly looksAtPath: boolean;
  readonly #methods: MethodMatcher;
  readonly #path: PathMatcher;
  readonly #fields: readonly FieldMatcher[];
  readonly #query: readonly QueryMatcher[];

  constructor(match: RouteMatch) {
    this.#methods = new MethodMatcher(match.methods);
    this.#path = new PathMatcher(match);
    this.#fields = match.headers.map((header) => new FieldMatcher(header));
    this.#query = match.query.map((parameter) => new QueryMatcher(parameter));
    this.looksAtPath = !this.#path.isForAll;
    const isFree = this.#fields.length === 0 && this.#query.length === 0;
    this.isForAll = isFree && this.#methods.isForAll && this.#path.isForAll;
  }

  /** Are all conditions true? `path` is only looked at if `looksAtPath`. */
  matches(head: Head, memory: Uint8Array, base: number, path: PathView): boolean {
    if (!this.#methods.matches(head, memory, base) || !this.#path.matches(path)) return false;
    for (const field of this.#fields) if (!field.matches(head, memory, base)) return false;
    for (const parameter of this.#query) if (!parameter.matches(head, memory, base)) return false;
    return true;
  }
}
