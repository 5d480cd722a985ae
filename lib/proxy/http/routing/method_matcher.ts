/**
 * Which methods a route is for.
 *
 * @module
 */

import { isToken } from "../../../http/characters.ts";
import type { Head } from "../../../http/head.ts";
import { METHOD_OTHER, methodOf } from "../../../http/methods.ts";
import { ascii } from "../bytes.ts";
import { expectNoProblem } from "./config_error.ts";
import { startsWith } from "./text_matcher.ts";

/** What is wrong with a method from a configuration, or null. */
export function checkMethod(method: string): string | null {
  if (!isToken(method)) return `"${method}" is no method: it is a token (RFC 9110 section 5.6.2)`;
  if (method !== method.toUpperCase()) return `"${method}" has small letters: methods are case-sensitive`;
  return null;
}

/** Any of some methods; of none at all: every one. */
export class MethodMatcher {
  readonly isForAll: boolean;
  /** A bit for each `METHOD_` number. */
  #known = 0;
  readonly #others: Uint8Array[] = [];

  constructor(methods: readonly string[]) {
    this.isForAll = methods.length === 0;
    for (const name of methods) {
      expectNoProblem("match.methods", checkMethod(name));
      const bytes = ascii(name);
      const method = methodOf(bytes, 0, bytes.length);
      if (method === METHOD_OTHER) this.#others.push(bytes);
      else this.#known |= 1 << method;
    }
  }

  /** Is it one of them? */
  matches(head: Head, memory: Uint8Array, base: number): boolean {
    if (this.isForAll) return true;
    if (head.method !== METHOD_OTHER) return ((this.#known >> head.method) & 1) === 1;
    const start = base + head.methodStart;
    const end = base + head.methodEnd;
    for (const name of this.#others) {
      if (name.length === end - start && startsWith(memory, start, end, name)) return true;
    }
    return false;
  }
}
