/**
 * Says which requests a filter is for.
 *
 * @module
 */
import type { Head } from "../../http/head.ts";
import type { FilterMatcher as Matcher } from "./filters/filter_chain.ts";
import { hasDotSegments } from "./routing/dot_segments.ts";
import { PathView, pathEnd } from "./routing/path.ts";
import { RequestMatcher } from "./routing/request_matcher.ts";
import type { RouteMatch } from "./routing/route_options.ts";

/** A condition like that of a route. */
export class FilterMatcher implements Matcher {
  readonly #matcher: RequestMatcher;
  readonly #path: PathView = new PathView();

  /** Throws `ERR_CONFIG` for what can't be compiled. */
  constructor(match: RouteMatch) {
    this.#matcher = new RequestMatcher(match);
  }

  /**
   * A path that could be read in two ways is none that a condition can be trusted with: the filter is for it, so that
   * what guards `/admin` also sees `/x/../admin`.
   */
  matches(head: Head, memory: Uint8Array, base: number): boolean {
    if (this.#matcher.looksAtPath) {
      if (hasDotSegments(memory, base + head.pathStart, base + pathEnd(head))) return true;
      this.#path.read(head, memory, base);
    }
    return this.#matcher.matches(head, memory, base, this.#path);
  }
}
