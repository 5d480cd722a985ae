/**
 * A field that a request must have, or must not have.
 *
 * @module
 */

import { isToken } from "../../../http/characters.ts";
import { type Head, valueEnd, valueStart } from "../../../http/head.ts";
import { expectNoProblem } from "./config_error.ts";
import { FieldName } from "./field_name.ts";
import type { NamedMatch } from "./route_options.ts";
import { checkTextMatch, TextMatcher } from "./text_matcher.ts";

/** The condition for the fields of one name. */
export class FieldMatcher {
  readonly #name: FieldName;
  readonly #value: TextMatcher;

  constructor(match: NamedMatch) {
    const where = `match.headers: ${match.name}`;
    expectNoProblem(where, isToken(match.name) ? null : "The name of a field is a token (RFC 9110 section 5.6.2)");
    expectNoProblem(where, checkTextMatch(match));
    this.#name = new FieldName(match.name);
    this.#value = new TextMatcher(match);
  }

  /** Of several fields of that name one has to match. */
  matches(head: Head, memory: Uint8Array, base: number): boolean {
    let field = this.#name.find(head, memory, base, 0);
    if (this.#value.isAbsent) return field < 0;
    for (; field >= 0; field = this.#name.find(head, memory, base, field + 1)) {
      if (this.#value.matches(memory, valueStart(head, base, field), valueEnd(head, base, field))) return true;
    }
    return false;
  }
}
