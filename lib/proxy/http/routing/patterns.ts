/**
 * Regular expressions from a configuration. They are ECMAScript's, with the flag `u`, and they backtrack: a pattern such
 * as `(a+)+b` can take very long on a text that a client makes up. Whoever writes one has to know that; no pattern comes
 * from a client.
 *
 * @module
 */

/** What is wrong with a pattern, or null. */
export function checkPattern(pattern: string): string | null {
  if (pattern === "") return "The regular expression is empty; leave it out";
  try {
    // On its own: around it, `a)(b` would become one that is valid.
    new RegExp(pattern, "u");
    return null;
  } catch (error) {
    return `Not a regular expression (ECMAScript, flag u): ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A valid pattern that the whole text has to match. */
export function wholePattern(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, "u");
}

/** A valid pattern, all of whose matches are replaced. */
export function replacedPattern(pattern: string): RegExp {
  return new RegExp(pattern, "gu");
}
