/**
 * What the schema finds wrong, in words: what was found, and what is allowed.
 *
 * @module
 */
import type { z } from "zod";
import type { ConfigPath, Problem } from "./problem.ts";
import { type CheckedFile, configSchema, jsonSchema } from "./schema.ts";
import { suggestion } from "./suggestion.ts";

type Issue = z.core.$ZodIssue;

/** A found value is quoted up to this length. */
const QUOTED_LENGTH = 60;

/** Check a value: what it says, or all problems. */
export function checkSchema(value: unknown): CheckedFile | readonly Problem[] {
  const checked = configSchema.safeParse(value);
  if (checked.success) return checked.data;
  return checked.error.issues.flatMap((issue) => problemsOf(value, issue, []));
}

function problemsOf(whole: unknown, issue: Issue, before: ConfigPath): Problem[] {
  const path = [...before, ...issue.path.map((key) => (typeof key === "symbol" ? String(key) : key))];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(whole, path, key));
  if (issue.code === "invalid_union") {
    // One branch is of the value's type: what is wrong inside of it is the problem.
    const branch = issue.errors.find((issues) => issues.every((inner) => inner.path.length > 0 || isRefined(inner)));
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(whole, inner, path));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, isKey: true, message }));
  // Such a message is a sentence already.
  if (issue.code === "custom") return [{ path, isKey: issue.params?.["isKey"] === true, message: issue.message }];
  const found = valueAt(whole, path);
  if (found === undefined) return [missing(path, issue.message)];
  return [{ path, message: `found ${describe(found)}; allowed: ${issue.message}` }];
}

function missing(path: ConfigPath, message: string): Problem {
  return { path, message: `missing; it is ${message}`, lacks: [path] };
}

/** Is the value of the right type, but not good for another reason? */
function isRefined(issue: Issue): boolean {
  return issue.code !== "invalid_type" && issue.code !== "invalid_value";
}

function unknownKey(whole: unknown, path: ConfigPath, key: string): Problem {
  const known = keysAt(whole, path);
  const meant = suggestion(key, known);
  const advice = meant === null ? `known here: ${known.join(", ")}` : `did you mean "${meant}"?`;
  return { path: [...path, key], isKey: true, message: `unknown key; ${advice}`, meant };
}

interface SchemaNode {
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** The keys that the mapping at a path may have. */
function keysAt(whole: unknown, path: ConfigPath): string[] {
  let nodes = alternatives(jsonSchema(), whole);
  for (const [depth, key] of path.entries()) {
    const value = valueAt(whole, path.slice(0, depth + 1));
    nodes = nodes.flatMap((node) => {
      const inner = typeof key === "number" ? node.items : node.properties?.[key];
      return inner === undefined ? [] : alternatives(inner, value);
    });
  }
  return [...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

/** What a value may be: of mappings with a `type` the one of its type. */
function alternatives(node: SchemaNode, value: unknown): SchemaNode[] {
  const several = node.anyOf ?? node.oneOf;
  if (several !== undefined) return several.flatMap((one) => alternatives(one, value));
  const type = node.properties?.["type"]?.const;
  return type === undefined || type === valueAt(value, ["type"]) ? [node] : [];
}

/** The value at a path; `undefined` if there is none. */
export function valueAt(whole: unknown, path: ConfigPath): unknown {
  let value = whole;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return String(value);
  const text = JSON.stringify(value);
  return text.length <= QUOTED_LENGTH ? text : `${text.slice(0, QUOTED_LENGTH)}..."`;
}
