/**
 * Looks at a mapping of a configuration file that may be wrong in any way: what is not as it should be is not there.
 *
 * The rules about what keys say about each other are written on this, so that they are checked in a file that the
 * schema refuses too, and all problems are found at once.
 *
 * @module
 */
import type { ConfigPath, Problem } from "./problem.ts";

/** A mapping, and where it stands. */
export class Section {
  /** Where it stands. */
  readonly path: ConfigPath;
  /** Its keys and their values. */
  readonly value: Readonly<Record<string, unknown>>;

  private constructor(path: ConfigPath, value: Readonly<Record<string, unknown>>) {
    this.path = path;
    this.value = value;
  }

  /** The section for a value; `null` if it is not a mapping. */
  static of(path: ConfigPath, value: unknown): Section | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return new Section(path, value as Readonly<Record<string, unknown>>);
  }

  /** All keys. */
  get keys(): string[] {
    return Object.keys(this.value).filter((key) => this.has(key));
  }

  /** Is the key there? */
  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** The value of a key; `undefined` if it is not there. */
  get(key: string): unknown {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  /** The text of a key; `null` if it is none. */
  text(key: string): string | null {
    const value = this.get(key);
    return typeof value === "string" ? value : null;
  }

  /** The number of a key, or what it is if it is not there; `null` if it is none. */
  number(key: string, initial: number): number | null {
    const value = this.get(key) ?? initial;
    return typeof value === "number" ? value : null;
  }

  /** The list of a key; empty if it is none. */
  list(key: string): readonly unknown[] {
    const value = this.get(key);
    return Array.isArray(value) ? value : [];
  }

  /** The mapping of a key; `null` if it is none. */
  section(key: string): Section | null {
    return Section.of([...this.path, key], this.get(key));
  }

  /** The mappings in the list of a key. */
  sections(key: string): Section[] {
    return this.list(key).flatMap((value, index) => Section.of([...this.path, key, index], value) ?? []);
  }

  /** The texts in the list of a key. */
  texts(key: string): { readonly text: string; readonly path: ConfigPath }[] {
    return this.list(key).flatMap((text, index) =>
      typeof text === "string" ? [{ text, path: [...this.path, key, index] }] : [],
    );
  }

  /** A problem of this mapping as a whole. */
  problem(message: string): Problem {
    return { path: this.path, message };
  }

  /** A problem of a key's value. */
  valueProblem(key: string, message: string): Problem {
    return { path: [...this.path, key], message };
  }

  /** A problem of a key, whatever its value. */
  keyProblem(key: string, message: string): Problem {
    return { path: [...this.path, key], isKey: true, message };
  }

  /** Only one of these keys goes; nothing is said if there is none. */
  atMostOne(keys: readonly string[]): Problem[] {
    const [first, ...others] = keys.filter((key) => this.has(key));
    const rule = `at most one of ${enumerate(keys, "and")}`;
    return others.map((key) => this.keyProblem(key, `"${first}" is there too; allowed: ${rule}`));
  }

  /** Exactly one of these keys goes. */
  exactlyOne(keys: readonly string[]): Problem[] {
    const [first, ...others] = keys.filter((key) => this.has(key));
    const rule = `exactly one of ${enumerate(keys, "and")}`;
    if (first === undefined)
      return [{ ...this.problem(`needs ${rule}`), lacks: keys.map((key) => [...this.path, key]) }];
    return others.map((key) => this.keyProblem(key, `"${first}" is there too; allowed: ${rule}`));
  }

  /** These keys have no effect. */
  inVain(keys: readonly string[], reason: string): Problem[] {
    return keys.filter((key) => this.has(key)).map((key) => this.keyProblem(key, reason));
  }
}

/** `a, b and c`. */
export function enumerate(names: readonly string[], conjunction: "and" | "or"): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}
