/**
 * Compares a text with what it has to be.
 *
 * @module
 */
import { ascii } from "../bytes.ts";
import { checkPattern, wholePattern } from "./patterns.ts";
import type { TextMatch } from "./route_options.ts";

const EXACT = 0;
const PREFIX = 1;
const REGEX = 2;
const PRESENT = 3;
const ABSENT = 4;

const NOTHING: Uint8Array = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What is wrong with what a text has to be, or null. */
export function checkTextMatch(match: TextMatch): string | null {
  const given = [match.exact, match.prefix, match.regex, match.present].filter((value) => value !== undefined);
  if (given.length !== 1) return "Give exactly one of exact, prefix, regex and present";
  if (match.prefix === "") return "An empty prefix matches every text; write present: true";
  return match.regex === undefined ? null : checkPattern(match.regex);
}

/** A valid {@linkcode TextMatch}, compiled. Texts are compared as UTF-8. */
export class TextMatcher {
  /** Must there be no text at all? Then `matches` is false for every one. */
  readonly isAbsent: boolean;
  readonly #kind: number;
  readonly #bytes: Uint8Array;
  readonly #pattern: RegExp | null;

  constructor(match: TextMatch) {
    this.#kind = kindOf(match);
    this.#bytes = match.exact === undefined && match.prefix === undefined ? NOTHING : textBytes(match);
    this.#pattern = match.regex === undefined ? null : wholePattern(match.regex);
    this.isAbsent = this.#kind === ABSENT;
  }

  /** Is the text from `start` to `end` as it has to be? */
  matches(memory: Uint8Array, start: number, end: number): boolean {
    switch (this.#kind) {
      case EXACT:
        return end - start === this.#bytes.length && startsWith(memory, start, end, this.#bytes);
      case PREFIX:
        return startsWith(memory, start, end, this.#bytes);
      case REGEX:
        return this.#pattern?.test(decoder.decode(memory.subarray(start, end))) === true;
      default:
        return this.#kind === PRESENT;
    }
  }
}

/** Does the text from `start` to `end` begin with these bytes? */
export function startsWith(memory: Uint8Array, start: number, end: number, beginning: Uint8Array): boolean {
  if (end - start < beginning.length) return false;
  for (let index = 0; index < beginning.length; index++) {
    if (memory[start + index] !== beginning[index]) return false;
  }
  return true;
}

function kindOf(match: TextMatch): number {
  if (match.exact !== undefined) return EXACT;
  if (match.prefix !== undefined) return PREFIX;
  if (match.regex !== undefined) return REGEX;
  return match.present === false ? ABSENT : PRESENT;
}

function textBytes(match: TextMatch): Uint8Array {
  return ascii(match.exact ?? match.prefix ?? "");
}
