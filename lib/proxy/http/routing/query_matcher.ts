/**
 * A query parameter that a request must have, or must not have.
 *
 * @module
 */
import type { Head } from "../../../http/head.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { QueryView } from "./query.ts";
import type { NamedMatch } from "./route_options.ts";
import { checkTextMatch, TextMatcher } from "./text_matcher.ts";

/** The condition for the parameters of one name. */
export class QueryMatcher {
  readonly #name: Uint8Array;
  readonly #value: TextMatcher;
  readonly #view: QueryView = new QueryView();

  constructor(match: NamedMatch) {
    const where = `match.query: ${match.name}`;
    expectNoProblem(where, match.name === "" ? "The name is empty" : null);
    expectNoProblem(where, checkTextMatch(match));
    this.#name = ascii(match.name);
    this.#value = new TextMatcher(match);
  }

  /** Of several parameters of that name one has to match. */
  matches(head: Head, memory: Uint8Array, base: number): boolean {
    const view = this.#view;
    let next = view.find(head, memory, base, this.#name, 0);
    if (this.#value.isAbsent) return next < 0;
    for (; next >= 0; next = view.find(head, memory, base, this.#name, next)) {
      if (this.#value.matches(view.memory, view.start, view.end)) return true;
    }
    return false;
  }
}
