/**
 * A look at markup, for tests.
 *
 * @module
 */
import assert from "node:assert/strict";

/** An element as it was written. */
export interface FoundElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** All elements of a document. Fails if it is not well-formed, or if a number in it is none. */
export function findElements(markup: string): FoundElement[] {
  const found: FoundElement[] = [];
  const open: string[] = [];
  const tag = /<(\/?)(\w+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g;
  const rest = markup.replaceAll(tag, (_, end: string, name: string, attributes: string, isEmpty: string) => {
    if (end !== "") {
      assert.equal(open.pop(), name);
      return "";
    }
    if (isEmpty === "") open.push(name);
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
    found.push({ name, attributes: Object.fromEntries(pairs) });
    return "";
  });
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest, /[<>]|&(?!(?:amp|lt|gt|quot);)/);
  assert.doesNotMatch(markup, /NaN|Infinity|undefined/);
  return found;
}
