/**
 * Reads YAML, and knows in which line and column each value stands.
 *
 * @module
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { ConfigPath, Position, Problem } from "./problem.ts";

/** A mistake in the YAML itself. */
export interface YamlMistake {
  readonly message: string;
  readonly position: Position;
}

/** A YAML file that was read. */
export class YamlSource {
  /** Its value; `null` if it cannot be read. */
  readonly value: unknown;
  /** What is wrong with its syntax. */
  readonly mistakes: readonly YamlMistake[];
  readonly #lines: LineCounter = new LineCounter();
  readonly #document: Document;

  /** Read a text. */
  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    const mistakes = this.#document.errors.map(({ message, pos }) => ({
      message: withoutFullStop(message),
      position: this.#position(pos[0]),
    }));
    let value: unknown = null;
    try {
      if (mistakes.length === 0) value = this.#document.toJS();
    } catch (error) {
      // Such as an alias that has no anchor, or too many aliases.
      const message = error instanceof Error ? error.message : String(error);
      mistakes.push({ message: withoutFullStop(message), position: { line: 1, column: 1 } });
    }
    this.value = value;
    this.mistakes = mistakes;
  }

  /** Where a problem is; for what is missing, where it should be. */
  positionOf(problem: Problem): Position {
    return this.#position(this.#offsetOf(problem.path, problem.isKey === true));
  }

  #offsetOf(path: ConfigPath, isKey: boolean): number {
    let node: Node | null = this.#resolve(this.#document.contents);
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, key] of path.entries()) {
      const entry = entryOf(node, key);
      if (entry === null) return offset;
      node = this.#resolve(entry.value);
      const isLastKey = isKey && depth === path.length - 1;
      offset = (isLastKey ? entry.key : (entry.value ?? entry.key))?.range?.[0] ?? offset;
    }
    return offset;
  }

  #resolve(value: unknown): Node | null {
    if (isAlias(value)) return value.resolve(this.#document) ?? null;
    return isNode(value) ? value : null;
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

interface Entry {
  readonly key: Node | null;
  readonly value: Node | null;
}

function entryOf(node: Node | null, key: string | number): Entry | null {
  if (isSeq(node) && typeof key === "number") {
    const item = node.items[key];
    return isNode(item) ? { key: null, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find((candidate) => isScalar(candidate.key) && String(candidate.key.value) === String(key));
  if (pair === undefined) return null;
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null };
}

function withoutFullStop(message: string): string {
  return message.replace(/\.$/, "");
}
